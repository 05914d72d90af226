import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { COMMANDS } from '../src/cli.ts'
import { createSimulator } from '../src/simulator/simulator.ts'
import { invoke } from './commands/invoke.ts'
import { run } from './process.ts'
import { settingsFor } from './settings.ts'
import { markedSecret } from './fixtures/marked.ts'
import { testDirectory } from './fixtures/directory.ts'

async function service(t: Test) {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const env = { ...(await settingsFor(jelou, testDirectory(t))), ADMIN_TOKEN: markedSecret() }
  const running = run(t, ['serve'], { env })
  const [, adminUrl = ''] = await running.until(/"adminUrl":"([^"]+)"/)
  await running.until(/Registered the webhook/)
  return { jelou, env, adminUrl }
}

const usages: [string[], number, RegExp, 'out' | 'err'][] = [
  [[], 0, /^jelou-receiver: /, 'out'],
  [['--help'], 0, /serve.*status.*rotate.*consume.*simulate.*demo/s, 'out'],
  [['-h'], 0, /^jelou-receiver: /, 'out'],
  [['help'], 0, /^jelou-receiver: /, 'out'],
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/, 'out'],
  [['status', '--help'], 0, /^status: what .*\n\n {2}Exit/, 'out'],
  [['rotate', '--json', '-h'], 0, /^rotate: /, 'out'],
  [['nope'], 2, /^There is no command "nope"\.\n\njelou-receiver: /, 'err'],
  [['constructor'], 2, /^There is no command "constructor"/, 'err'],
  [['serve', '--nope'], 2, /--nope.*\n\nserve: /s, 'err'],
  [['demo', 'now'], 2, /now.*\n\ndemo: /s, 'err'],
  [['simulate', '--port', 'x'], 2, /--port.*\n\nsimulate: /s, 'err'],
  [
    ['status', '--url', 'http://127.0.0.1:1'],
    1,
    /^The service does not answer at http:\/\/127\.0\.0\.1:1: /,
    'err',
  ],
]

for (const [args, status, pattern, stream] of usages) {
  t.test(['jelou-receiver', ...args].join(' '), async t => {
    const ended = await invoke(args)
    t.equal(ended.status, status)
    t.match(ended[stream], pattern)
    t.equal(ended[stream === 'out' ? 'err' : 'out'], '')
  })
}

t.test('who reads what it prints may stop reading', async t => {
  const running = run(t, ['--help'])
  running.child.stdout?.destroy()
  t.equal((await running.exit).code, 0)
  t.equal(running.stderr(), '')
})

t.test('what cannot be printed for another reason is no success', async t => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  const main = join(import.meta.dirname, '../src/main.js')
  const { status, stderr } = spawnSync(process.execPath, [main, '--help'], {
    stdio: ['ignore', full, 'pipe'],
  })
  t.not(status, 0)
  t.match(String(stderr), 'ENOSPC')
})

t.test('each command has a short help, which names all of its options and nothing else', async t => {
  const { out: top } = await invoke(['--help'])
  for (const [name, { summary, load }] of COMMANDS) {
    t.match(top, `  ${name.padEnd(10)}  ${summary}\n`)
    const { command } = await load()
    const help = `${name}: ${summary}\n\n${command.help}`
    const named = new Set([...command.help.matchAll(/^ {2}--([a-z-]+)/gm)].map(match => match[1]))
    t.same(named, new Set(Object.keys(command.options)), name)
    for (const line of help.split('\n')) t.ok(line.length <= 120, line)
    t.ok(help.split('\n').length < 40, name)
  }
})

t.test('the exit status and both streams are those of the process', async t => {
  const wrong = run(t, ['nope'])
  t.same(await wrong.exit, { code: 2, signal: null })
  t.match(wrong.stderr(), /^There is no command/)
  const failed = run(t, ['config'])
  t.same(await failed.exit, { code: 1, signal: null })
  t.match(failed.stderr(), /^The configuration is wrong:\n.*JELOU_PROJECT_ID is required/s)
  const helped = run(t, [])
  t.same(await helped.exit, { code: 0, signal: null })
  t.match(helped.stdout(), /^jelou-receiver: /)
})

t.test('status tells what the service says, and by its exit status whether it is ready', async t => {
  const { env, adminUrl } = await service(t)
  const status = run(t, ['status', '--json', '--url', adminUrl], { env })
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
  const status = run(t, ['status', '--json', '--url', adminUrl], { env })
  t.equal((await status.exit).code, 1)
  t.match(JSON.parse(status.stdout()), { status: 'not ready', registration: { phase: 'starting' } })
})

t.test('rotate has Jelou sign with a new secret', async t => {
  const { jelou, env, adminUrl } = await service(t)
  const before = jelou.integration?.signingSecret
  const rotate = run(t, ['rotate', '--url', adminUrl], { env })
  t.same(await rotate.exit, { code: 0, signal: null })
  t.equal(rotate.stdout(), 'rotated: Jelou signs with a new secret\n')
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

t.test('consume ends quietly once nobody reads what it prints, and loses nothing', async t => {
  const { jelou, env, adminUrl } = await service(t)
  const consumer = run(t, ['consume', '--url', adminUrl], { env })
  consumer.child.stdout?.destroy()
  t.equal((await jelou.send(jelou.event('text'))).status, 200)
  t.same(await consumer.exit, { code: 0, signal: null })
  t.equal(consumer.stderr(), '')
  const status = run(t, ['status', '--json', '--url', adminUrl], { env })
  await status.exit
  t.match(JSON.parse(status.stdout()), { queue: { leased: 1 } }, 'not acknowledged')
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

t.test('config shows what is in force, and no secret', async t => {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const env = { ...(await settingsFor(jelou, testDirectory(t))), ADMIN_TOKEN: markedSecret() }
  const config = run(t, ['config'], { env })
  t.same(await config.exit, { code: 0, signal: null })
  t.match(config.stdout(), /^VARIABLE +FROM +VALUE\nJELOU_PROJECT_ID +environment +PROJECT_ID\n/)
  t.match(config.stdout(), /\nADMIN_TOKEN +environment +\*\*\*\n/)
  t.match(config.stdout(), /\nWEBHOOK_AUTHORIZATION +generated +\*\*\*\n/)
  t.match(config.stdout(), /\nTRUST_PROXY +not set +-\n/)
  t.notMatch(config.stdout(), env.ADMIN_TOKEN)
  const json = run(t, ['config', '--json'], { env })
  t.same(await json.exit, { code: 0, signal: null })
  t.match(JSON.parse(json.stdout()), [
    { name: 'JELOU_PROJECT_ID', value: 'PROJECT_ID', source: 'environment' },
  ])
})
