import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Test } from 'tap'
import { request } from 'undici'
import { buildApp } from '../src/app.ts'
import { loadConfig } from '../src/config.ts'
import { createSimulator } from '../src/simulator/simulator.ts'
import { settingsFor } from './settings.ts'

/** The whole service in this process, with a simulated Jelou, until the end of the test. */
export async function start(t: Test, environment: NodeJS.ProcessEnv = {}) {
  const jelou = createSimulator()
  // Not tap's own directory, which is removed before the service is told to end.
  const directory = await mkdtemp(join(tmpdir(), 'app-test-'))
  const config = await loadConfig(
    {
      ...(await settingsFor(jelou, directory)),
      PUBLIC_URL: 'http://127.0.0.1:0/behind/a/proxy',
      ...environment,
    },
    join(directory, '.env'),
  )
  const fatal: Error[] = []
  const app = await buildApp(config, { log: pino({ level: 'silent' }), onFatal: error => fatal.push(error) })
  const { adminUrl } = await app.start()
  const publicUrl = app.public.listeningOrigin
  t.teardown(async () => {
    await app.drain()
    await jelou.close()
    await rm(directory, { recursive: true })
  })
  return { app, jelou, fatal, adminUrl, publicUrl }
}

export async function get(url: string) {
  const answer = await request(url)
  return { status: answer.statusCode, body: JSON.parse(await answer.body.text()) }
}

export async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await sleep(5)
}
