import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { ConfigError } from '../../src/errors.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { freePort } from '../brokers/server.ts'
import { settingsFor } from '../settings.ts'
import { testDirectory } from '../fixtures/directory.ts'

const NAMES = [
  'configuration',
  'data-dir',
  'disk',
  'clock',
  'jelou',
  'webhook',
  'public-url',
  'certificate',
  'queue',
  'state',
  'service',
  'registration',
  'delivery',
  'node',
  'open-files',
]

/** A service that is registered, and where it is. */
async function running(t: Test) {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const port = String(await freePort())
  const environment = {
    ...(await settingsFor(jelou, testDirectory(t))),
    PORT: port,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
  }
  const config = await loadConfig(environment, join(import.meta.dirname, 'no-such-file'))
  const app = await buildApp(config, { log: pino({ level: 'silent' }), onFatal: () => {} })
  const { adminUrl } = await app.start()
  t.teardown(() => app.drain())
  await app.registrar.reconcile()
  return { config, target: { url: adminUrl, token: undefined } }
}

t.test('a service that is well', async t => {
  const { config, target } = await running(t)
  const done: string[] = []
  const results = await diagnose({
    config: async () => config,
    target: async () => target,
    misspelt: [],
    onDone: name => done.push(name),
  })
  t.same(
    results.map(({ name }) => name),
    NAMES,
  )
  t.same(new Set(done), new Set(NAMES))
  t.same(
    results.filter(({ status }) => status === 'wrong'),
    [],
  )
  const ok = new Set(results.filter(({ status }) => status === 'ok').map(({ name }) => name))
  for (const name of ['clock', 'jelou', 'webhook', 'queue', 'state', 'service', 'registration', 'delivery'])
    t.ok(ok.has(name), name)
})

t.test('a configuration that is wrong is all that is said of it', async t => {
  const results = await diagnose({
    config: () => Promise.reject(new ConfigError('The configuration is wrong:\n  PORT')),
    target: async () => ({ url: 'http://127.0.0.1:1', token: undefined }),
    misspelt: [{ name: 'PROT', meant: 'PORT' }],
  })
  t.match(results, [
    {
      name: 'configuration',
      status: 'wrong',
      detail: 'The configuration is wrong:\n  PORT',
      advice: /first/,
    },
    { name: 'node' },
    { name: 'open-files' },
  ])
})

t.test('a queue in another directory has its own disk', async t => {
  const { config, target } = await running(t)
  const file = join(t.testdirName, 'elsewhere/queue.sqlite')
  const results = await diagnose({
    config: async () => ({ ...config, QUEUE_URL: { driver: 'sqlite', file } }),
    target: async () => target,
    misspelt: [],
  })
  t.match(
    results.find(({ name }) => name === 'queue-dir'),
    { status: 'ok', detail: /elsewhere does not exist yet/ },
  )
  t.match(
    results.find(({ name }) => name === 'queue-disk'),
    { detail: /MiB/ },
  )
})

t.test('a name that is nearly right is said', async t => {
  const { config, target } = await running(t)
  const results = await diagnose({
    config: async () => config,
    target: async () => target,
    misspelt: [{ name: 'QUEUE_ULR', meant: 'QUEUE_URL' }],
  })
  t.match(results, [{ status: 'warning', detail: 'QUEUE_ULR is no variable: is QUEUE_URL meant?' }])
})
