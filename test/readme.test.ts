import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { request } from 'undici'
import { createSimulator } from '../src/simulator/simulator.ts'
import { run } from './process.ts'
import { settingsFor } from './settings.ts'
import { testDirectory } from './fixtures/directory.ts'

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

/** The first block of this language that holds the text. */
function block(language: string, text: string): string {
  const blocks = readme.split(`\`\`\`${language}\n`).slice(1)
  const found = blocks.map(block => block.slice(0, block.indexOf('```'))).find(block => block.includes(text))
  if (found === undefined) throw new Error(`the README has no ${language} block with ${text}`)
  return found
}

const skip = spawnSync('curl', ['--version']).error ? 'curl is not installed' : false

t.test('the consumer and the calls of the README work as they stand there', { skip }, async t => {
  const directory = testDirectory(t)
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const service = run(t, ['serve'], { env: await settingsFor(jelou, directory) })
  const [, adminUrl = ''] = await service.until(/"adminUrl":"([^"]+)"/)
  await service.until(/Registered the webhook/)
  const waiting = async (): Promise<unknown> => {
    const { body } = await request(`${adminUrl}/queue/stats`)
    return body.json()
  }

  await jelou.send(jelou.event('text', 'room-1'))
  const [receive = '', , ack = ''] = block('sh', '/queue/receive').split('\n')
  const shell = async (line: string): Promise<string> => {
    const child = spawn('sh', ['-c', line.replaceAll('http://127.0.0.1:3001', adminUrl)])
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk))
    await once(child, 'close')
    return Buffer.concat(chunks).toString()
  }
  const { messages } = JSON.parse(await shell(receive))
  t.match(messages, [{ attempts: 1, event: { type: 'ai.jelou.message', partitionkey: 'room-1' } }])
  t.same(JSON.parse(await shell(ack.replace('…', messages[0].lease))), { settled: 1, expired: [] })

  const consumer = join(directory, 'consumer.mjs')
  const program = block('js', '/queue/receive')
  // Its work is to fail at an event of this kind, with more to say than a reason may have.
  const failing = "if (event.type === 'ai.jelou.broken') throw new Error('no '.repeat(1_000))"
  writeFileSync(consumer, program.replace('try {', `try {\n${failing}`))
  await jelou.send('{"event":"broken","timestamp":1,"room_id":"room-2"}')
  const child = spawn(process.execPath, [consumer], { env: { RECEIVER_URL: adminUrl } })
  t.teardown(() => child.kill())
  while (Object(await waiting()).delayed !== 1 && child.exitCode === null) await sleep(20)
  t.equal(child.exitCode, null, 'it goes on when its work fails')
  await jelou.send('{"event":"foo.bar","timestamp":1}')
  const [line] = await once(child.stdout, 'data')
  t.match(String(line), /^ai\.jelou\.foo\.bar \{ event: 'foo\.bar', timestamp: 1 \}/)
  let left = Object(await waiting())
  while (left.waiting + left.leased > 0) left = Object(await waiting())
  t.equal(left.delayed, 1, 'what was printed is acknowledged, and what failed comes again')
})
