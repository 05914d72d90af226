import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSimulator } from '../src/simulator/simulator.ts'
import { serve as httpServer } from './fixtures/serve.ts'
import { run, type Running } from './process.ts'
import { settingsFor } from './settings.ts'
import { testDirectory } from './fixtures/directory.ts'

async function settings(t: Test): Promise<NodeJS.ProcessEnv> {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  return settingsFor(jelou, testDirectory(t))
}

function serve(t: Test, env: NodeJS.ProcessEnv, imports: string[] = []): Running {
  return run(t, ['serve'], { env, imports })
}

t.test('it serves until SIGTERM, drains, and exits with 0', async t => {
  const service = serve(t, await settings(t))
  await service.until(/"msg":"listening"/)
  await service.until(/Registered the webhook/)
  service.child.kill('SIGTERM')
  t.same(await service.exit, { code: 0, signal: null })
  t.match(service.stdout(), /"signal":"SIGTERM".*shutting down.*shut down/s)
  t.equal(service.stderr(), '')
})

t.test('a signal that comes while it is loaded ends it, as process 1 too', async t => {
  // A process that listens for nothing is ended by the signal itself, unless it is the first of its container.
  const early = `const { on } = process
    process.on = function (name, listener) {
      on.call(process, name, listener)
      if (name === 'SIGTERM' && listener.name === 'end') process.kill(process.pid, name)
      return process
    }`
  const service = serve(t, await settings(t), [`data:text/javascript,${encodeURIComponent(early)}`])
  const { code, signal } = await service.exit
  // It is heard at the next turn of the event loop: before anything is open, or while it is opened.
  t.ok(code === 143 || code === 0, `${code}, ${signal}`)
  t.notMatch(service.stdout(), /Registered|"err"/)
})

t.test('a kept state that others can read stops it, with what to do', async t => {
  const env = await settings(t)
  mkdirSync(String(env.DATA_DIR), { mode: 0o755 })
  const service = serve(t, env)
  t.same(await service.exit, { code: 1, signal: null })
  t.match(service.stderr(), /Others can reach .* run chmod/)
})

t.test('a second process on the same data directory says so and ends', async t => {
  const env = await settings(t)
  const first = serve(t, env)
  await first.until(/"msg":"listening"/)
  const second = serve(t, env)
  t.same(await second.exit, { code: 1, signal: null })
  t.match(second.stdout(), /ERR_QUEUE_LOCKED/)
})

t.test('an address that is taken ends it with 1, and names the variables', async t => {
  const { origin } = await httpServer(t, () => {})
  const { port } = new URL(origin)
  for (const [name, said] of [
    ['PORT', /cannot listen at 127\.0\.0\.1:\d+ \(HOST, PORT\): EADDRINUSE/],
    ['ADMIN_PORT', /cannot listen at 127\.0\.0\.1:\d+ \(ADMIN_HOST, ADMIN_PORT\): EADDRINUSE/],
  ] as const) {
    const service = serve(t, { ...(await settings(t)), [name]: port })
    t.same(await service.exit, { code: 1, signal: null }, name)
    t.match(service.stdout(), said)
  }
})

t.test('a registration that Jelou refuses ends it with 1 and the reason', async t => {
  const service = serve(t, { ...(await settings(t)), JELOU_API_KEY: 'wrong' })
  t.same(await service.exit, { code: 1, signal: null })
  t.match(service.stdout(), /ERR_REGISTRATION_REJECTED.*Check JELOU_API_KEY/)
})

t.test('an uncaught error is logged, drained, and ends it with 1', async t => {
  const broken = 'data:text/javascript,process.on("SIGUSR1",()=>{setTimeout(()=>{throw new Error("boom")})})'
  const service = serve(t, await settings(t), [broken])
  await service.until(/"msg":"listening"/)
  service.child.kill('SIGUSR1')
  t.same(await service.exit, { code: 1, signal: null })
  t.match(service.stdout(), /"level":60.*boom.*uncaught error.*shutting down/s)
})

t.test('a fault of the processor ends it at once, and nothing tries to go on', async t => {
  const env = await settings(t)
  for (const signal of ['SIGBUS', 'SIGSEGV'] as const) {
    const service = serve(t, env)
    await service.until(/"msg":"listening"/)
    service.child.kill(signal)
    t.same(await service.exit, { code: null, signal }, signal)
    t.notMatch(service.stdout(), /shutting down/)
  }
})

t.test('a wrong configuration stops it with every problem and 1', async t => {
  const service = serve(t, { DATA_DIR: mkdtempSync(join(tmpdir(), 'jelou-receiver-')) })
  t.same(await service.exit, { code: 1, signal: null })
  t.match(
    service.stderr(),
    /^The configuration is wrong:\n {2}JELOU_PROJECT_ID is required.*\n {2}PUBLIC_URL/,
  )
  t.equal(service.stdout(), '')
})
