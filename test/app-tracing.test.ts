import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { createSimulator } from '../src/simulator/simulator.ts'
import { closedOrigin } from './fixtures/serve.ts'
import { settingsFor } from './settings.ts'
import { startCollector } from './tracing/fixtures/collector.ts'
import { testDirectory } from './fixtures/directory.ts'

t.test('what it records is with the collector when it has drained', async t => {
  const collector = await startCollector(t)
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const directory = testDirectory(t)
  const config = await loadConfig(
    {
      ...(await settingsFor(jelou, directory)),
      QUEUE_URL: (await closedOrigin()).replace('http:', 'redis:'),
      QUEUE_NAME: 'events',
      SHUTDOWN_TIMEOUT: '60s',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    },
    join(directory, '.env'),
  )
  const log = pino({ level: 'silent' })
  const app = await buildApp(config, { log, onFatal: error => t.fail(String(error)) })
  await app.start()
  while (app.registrar.accepted() === null) await sleep(5)
  t.match(await jelou.send(jelou.event('text')), { status: 200 })
  await app.drain()
  t.match(
    collector.spans().find(({ kind }) => kind === 4),
    { name: 'publish events', attributes: { 'messaging.system': 'redis' } },
  )
})
