import { mkdirSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { freePort } from '../brokers/server.ts'
import { run, stop, variables } from '../conformance/service.ts'
import { settingsFor } from '../settings.ts'
import { Scope } from './scope.ts'

/** How often a service that starts is asked, in ms. */
const POLL = 2

/** Starts the service again and again on the data of a first start, in which it registered and kept the secret. */
export type Restarts = { restart: () => Promise<number> }

/** Registers once with a simulated Jelou, which goes on for as long as the scope. `restart` resolves with ms until ready. */
export async function prepareRestarts(scope: Scope, folder: string): Promise<Restarts> {
  const jelou = createSimulator()
  scope.teardown(() => jelou.close())
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  mkdirSync(folder, { mode: 0o700 })
  const settings = { ...(await settingsFor(jelou, folder)), PORT: `${port}`, PUBLIC_URL: origin }
  const environment = variables(folder, {
    NODE_ENV: 'production',
    ...settings,
    DATA_DIR: join(folder, 'data'),
  })

  async function restart(): Promise<number> {
    const own = new Scope()
    try {
      const started = performance.now()
      const service = run(own, environment)
      while (!(await isReady(origin))) {
        await Promise.race([sleep(POLL), service.exited.then(status => ended(status, service.output()))])
      }
      const elapsed = performance.now() - started
      await stop(service)
      return elapsed
    } finally {
      await own.end()
    }
  }

  await restart()
  return { restart }
}

function ended(status: number | null, output: string): never {
  throw new Error(`the service ended with ${status}: ${output}`)
}

function isReady(origin: string): Promise<boolean> {
  return new Promise(resolve => {
    get(`${origin}/readyz`, { agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}
