import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSimulator } from '../src/simulator/simulator.ts'
import { run } from './process.ts'
import { settingsFor } from './settings.ts'

async function service(t: Test) {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const env = { ...(await settingsFor(jelou, t.testdir())), ADMIN_TOKEN: 'a-token-of-sixteen-characters' }
  const running = run(t, ['serve'], { env })
  const [, adminUrl = ''] = await running.until(/"adminUrl":"([^"]+)"/)
  await running.until(/Registered the webhook/)
  return { jelou, env, adminUrl }
}

const usages: [string[], number, RegExp, 'stdout' | 'stderr'][] = [
  [[], 0, /^jelou-receiver: /, 'stdout'],
  [['--help'], 0, /serve.*status.*rotate.*consume.*simulate.*demo/s, 'stdout'],
  [['-h'], 0, /^jelou-receiver: /, 'stdout'],
  [['serve', '--help'], 0, /^serve: /, 'stdout'],
  [['status', '-h'], 0, /^status: /, 'stdout'],
  [['rotate', '--help'], 0, /^rotate: /, 'stdout'],
  [['consume', '--help'], 0, /^consume: /, 'stdout'],
  [['replay', '--help'], 0, /^replay: /, 'stdout'],
  [['simulate', '--help'], 0, /^simulate: /, 'stdout'],
  [['demo', '--help'], 0, /^demo: /, 'stdout'],
  [['nope'], 2, /^There is no command "nope"\.\n\njelou-receiver: /, 'stderr'],
  [['constructor'], 2, /^There is no command "constructor"/, 'stderr'],
  [['serve', '--nope'], 2, /--nope.*\n\nserve: /s, 'stderr'],
  [['demo', 'now'], 2, /now.*\n\ndemo: /s, 'stderr'],
  [['simulate', '--port', 'x'], 1, /--port/, 'stderr'],
  [['consume', '--url', 'localhost:3001'], 1, /^--url must begin with http:\/\//, 'stderr'],
  [['replay', '--seq', '0'], 1, /^--seq must be the number of a dead letter \(it is "0"\)/, 'stderr'],
  [
    ['status', '--url', 'http://127.0.0.1:1'],
    1,
    /^The service does not answer at http:\/\/127\.0\.0\.1:1: /,
    'stderr',
  ],
]

for (const [args, code, pattern, stream] of usages) {
  t.test(['jelou-receiver', ...args].join(' '), async t => {
    const ended = run(t, args)
    t.match(await ended.exit, { code, signal: null })
    t.match(ended[stream](), pattern)
    t.equal(ended[stream === 'stdout' ? 'stderr' : 'stdout'](), '')
  })
}

t.test('status tells what the service says, and by its exit status whether it is ready', async t => {
  const { env, adminUrl } = await service(t)
  const status = run(t, ['status', '--url', adminUrl], { env })
  t.equal((await status.exit).code, 0)
  t.match(JSON.parse(status.stdout()), { status: 'ready', registration: { phase: 'registered' } })

  const { port } = new URL(adminUrl)
  const unauthorized = run(t, ['status'], { env: { ADMIN_PORT: port } })
  t.equal((await unauthorized.exit).code, 1)
  t.match(unauthorized.stderr(), /answered 401: check ADMIN_HOST, ADMIN_PORT and ADMIN_TOKEN/)
})

t.test('status of a service that is not ready has exit status 1', async t => {
  const { env } = await service(t)
  const down = { ...env, DATA_DIR: join(t.testdirName, 'other'), JELOU_API_URL: 'http://127.0.0.1:1' }
  const [, adminUrl = ''] = await run(t, ['serve'], { env: down }).until(/"adminUrl":"([^"]+)"/)
  const status = run(t, ['status', '--url', adminUrl], { env })
  t.equal((await status.exit).code, 1)
  t.match(JSON.parse(status.stdout()), { status: 'not ready', registration: { phase: 'starting' } })
})

t.test('rotate has Jelou sign with a new secret', async t => {
  const { jelou, env, adminUrl } = await service(t)
  const before = jelou.integration?.signingSecret
  const rotate = run(t, ['rotate', '--url', adminUrl], { env })
  t.same(await rotate.exit, { code: 0, signal: null })
  t.equal(rotate.stdout(), '{"outcome":"rotated"}\n')
  t.not(jelou.integration?.signingSecret, before)
  t.equal((await jelou.send(jelou.event('text'))).status, 200)
})

t.test('consume prints each event as a line of JSON until it is ended', async t => {
  const { jelou, env, adminUrl } = await service(t)
  t.equal((await jelou.send('{"event":"foo.bar","n":12345678901234567890}')).status, 200)
  const consumer = run(t, ['consume', '--url', adminUrl], { env })
  const [line] = await consumer.until(/^.*foo\.bar.*\n/)
  t.match(JSON.parse(line), { type: 'ai.jelou.foo.bar' })
  t.match(line, '"n":12345678901234567890')
  consumer.child.kill('SIGINT')
  t.same(await consumer.exit, { code: 0, signal: null })
})

t.test('replay tells how many dead letters it sent again', async t => {
  const { env, adminUrl } = await service(t)
  for (const args of [[], ['--seq', '1', '--seq', '2']]) {
    const replay = run(t, ['replay', '--url', adminUrl, ...args], { env })
    t.equal((await replay.exit).code, 0)
    t.equal(replay.stdout(), '0 sent again\n')
  }
})

t.test('consume waits for a service that is away', async t => {
  const consumer = run(t, ['consume', '--url', 'http://127.0.0.1:1'])
  await consumer.until(/does not answer .*; trying again\n/)
  consumer.child.kill('SIGTERM')
  t.same(await consumer.exit, { code: 0, signal: null })
})

t.test('simulate and demo run until they are ended', async t => {
  const simulator = run(t, ['simulate', '--port', '0'])
  await simulator.until(/JELOU_API_URL=/)
  const demo = run(t, ['demo'])
  await demo.until(/Ctrl-C ends it/)
  for (const { child, exit } of [simulator, demo]) {
    child.kill('SIGINT')
    t.same(await exit, { code: 0, signal: null })
  }
  const once = run(t, ['demo', '--once'])
  t.same(await once.exit, { code: 0, signal: null })
})
