import { PassThrough } from 'node:stream'
import t from 'tap'
import { command } from '../../src/commands/doctor.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { run } from '../process.ts'
import { settingsFor } from '../settings.ts'
import { invoke } from './invoke.ts'
import { testDirectory } from '../fixtures/directory.ts'

// In this process nothing is configured, which is one way to be wrong.
t.test('what is wrong is told with what to do, and by the exit status', async t => {
  const { status, out, err } = await invoke(['doctor'])
  t.equal(status, 1)
  t.match(out, /^wrong +configuration +The configuration is wrong:\n {2,}JELOU_PROJECT_ID is required/)
  t.match(out, /\n +→ put it right first/)
  t.match(out, /\n\d wrong, \d warning, \d ok, \d skipped\n$/)
  t.equal(err, '')
  const json = await invoke(['doctor', '--json'])
  t.equal(json.status, 1)
  t.match(JSON.parse(json.out), [
    { name: 'configuration', status: 'wrong' },
    { name: 'node', status: 'ok' },
  ])
})

t.test('a person at a terminal sees what it is at', async t => {
  const err = Object.assign(new PassThrough(), { isTTY: true })
  await command.run([], { in: new PassThrough(), out: new PassThrough(), err })
  const text = String(err.read())
  t.match(text, '\r\u001B[Klooking … node')
  t.ok(text.endsWith('\r\u001B[K'), 'and it is wiped at the end')
})

t.test('a set-up that is right has exit status 0, before the service runs', async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const settings = await settingsFor(jelou, testDirectory(t))
  const env = { ...settings, ADMIN_PORT: '1' }
  const doctor = run(t, ['doctor'], { env })
  t.same(await doctor.exit, { code: 0, signal: null }, doctor.stdout())
  t.match(doctor.stdout(), /\nskipped +service +The service does not answer at http:\/\/127\.0\.0\.1:1: .*\n/)
  t.match(doctor.stdout(), /\n0 wrong, /)
  t.notMatch(doctor.stdout(), jelou.callers.apiKey)
})
