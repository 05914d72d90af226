import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { assertFileUnmarked, markedSecret, marksIn } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

const LEAKY = fileURLToPath(new URL('fixtures/leaky.ts', import.meta.url))
const LEAKS = fileURLToPath(new URL('../leaks.ts', import.meta.url))

/** Runs a program without what tap puts before it. */
function node(...args: string[]) {
  const { PATH } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env: { PATH }, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

const places = {
  output: /the output: a secret in base64/,
  answer: /the answer 200 of \/: a secret in hex/,
  file: /stray\.txt: a secret plain/,
}

for (const [place, says] of Object.entries(places))
  t.test(`a test of the service fails when a secret is in its ${place}`, async t => {
    const { status, output } = node(LEAKY, place)
    t.not(status, 0)
    t.match(output, says)
    t.strictSame(marksIn(output), [], 'and shows it to nobody')
  })

t.test('and passes when there is none', async t => {
  const { status, output } = node(LEAKY, 'nowhere')
  t.equal(status, 0, output)
})

t.test('the whole output of a run is looked through', async t => {
  const directory = testDirectory(t)
  const [good, bad] = ['good', 'bad'].map(name => join(directory, name))
  writeFileSync(String(good), 'ok 1 - a line\n')
  writeFileSync(String(bad), `ok 1 - a line\n# ${markedSecret()}\n`)
  t.same(node(LEAKS, String(good)), { status: 0, output: '' })
  t.same(node(LEAKS, String(good), String(bad)), { status: 1, output: `${bad}: a secret plain in line 2\n` })
})

void t.test('a large file is looked through in pieces, over their borders', async t => {
  const secret = markedSecret()
  const size = 16 * 1024 * 1024
  const clean = join(testDirectory(t), 'clean')
  writeFileSync(clean, Buffer.alloc(2 * size + 100))
  assertFileUnmarked(clean)
  for (const at of [0, size - 10, 2 * size - 2_000, 2 * size]) {
    const file = join(t.testdirName, `with ${at}`)
    const bytes = Buffer.alloc(2 * size + 100)
    bytes.write(secret, at, 'latin1')
    writeFileSync(file, bytes)
    t.throws(() => assertFileUnmarked(file), { message: /a secret plain/ }, `at ${at}`)
  }
})
