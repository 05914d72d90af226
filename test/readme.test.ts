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
  const directory = t.testdir()
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
  writeFileSync(consumer, block('js', '/queue/receive'))
  const child = spawn(process.execPath, [consumer], { env: { RECEIVER_URL: adminUrl } })
  t.teardown(() => child.kill())
  await jelou.send('{"event":"foo.bar","timestamp":1}')
  const [line] = await once(child.stdout, 'data')
  t.match(String(line), /^ai\.jelou\.foo\.bar \{ event: 'foo\.bar', timestamp: 1 \}/)
  while (!Object.values(Object(await waiting())).every(count => count !== 1)) await sleep(20)
  t.match(await waiting(), { waiting: 0, leased: 0, delayed: 0, dead: 0 })
})
