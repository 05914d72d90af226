import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Test } from 'tap'
import { buildApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { settingsFor } from '../settings.ts'
import { exchange, type OpenApiDocument } from './checker.ts'

/** The whole service in this process, registered with a simulated Jelou. */
export type Service = {
  app: App
  jelou: Simulator
  publicUrl: string
  adminUrl: string
  /** What the private listener serves at a path. */
  document: (path: string) => Promise<OpenApiDocument>
}

/** Starts it for as long as the test lasts; it is registered by then, unless `registered` says that it cannot be. */
export async function startService(
  t: Test,
  environment: NodeJS.ProcessEnv = {},
  { registered = true }: { registered?: boolean } = {},
): Promise<Service> {
  const jelou = createSimulator()
  const directory = await mkdtemp(join(tmpdir(), 'description-test-'))
  const settings = { ...(await settingsFor(jelou, directory)), ...environment }
  const config = await loadConfig(settings, join(directory, '.env'))
  const app = await buildApp(config, { log: pino({ level: 'silent' }), onFatal: () => {} })
  const { adminUrl } = await app.start()
  t.teardown(async () => {
    await app.drain()
    await jelou.close()
    await rm(directory, { recursive: true })
  })
  if (registered) while (app.registrar.accepted() === null) await sleep(5)
  return {
    app,
    jelou,
    publicUrl: app.public.listeningOrigin,
    adminUrl,
    async document(path) {
      const token = environment['ADMIN_TOKEN']
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      return JSON.parse((await exchange(adminUrl, 'GET', path, { headers })).text)
    },
  }
}
