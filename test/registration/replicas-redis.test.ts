import { randomUUID } from 'node:crypto'
import t from 'tap'
import { openRedisState } from '../../src/state/redis.ts'
import { startRedis } from '../brokers/redis.ts'
import { brisk, until } from './fixtures/until.ts'
import { createWorld, verifies, type World } from './fixtures/world.ts'

t.setTimeout(120_000)

const server = await startRedis(t)
const shared = { shared: true, sleep: brisk, interval: 600_000 } as const
const log = { info() {}, warn() {} }

/** A world whose state is in Redis, under a name of its own. */
function redisWorld(
  t: Parameters<typeof createWorld>[0],
  { host, port }: { host: string; port: number },
): Promise<World> {
  const options = {
    url: new URL(`redis://${host}:${port}`),
    projectId: randomUUID(),
    timeout: 2000,
    tls: {},
    log,
  }
  return createWorld(t, undefined, () => openRedisState(options))
}

if (server !== null) {
  void t.test(
    'over Redis, five that start at once make one create, and each learns of a rotation',
    async t => {
      const { simulator, open } = await redisWorld(t, server)
      const replicas = await Promise.all(Array.from({ length: 5 }, () => open(shared)))
      for (const { registrar } of replicas) registrar.start()
      await until(() => replicas.every(({ registrar }) => registrar.accepted() !== null))
      t.equal(simulator.calls.filter(({ method }) => method !== 'GET').length, 1)
      const old = simulator.integration?.signingSecret
      const [first] = replicas
      t.equal(await first?.registrar.rotate(), 'rotated')
      const secret = simulator.integration?.signingSecret
      await until(() => replicas.every(({ registrar }) => verifies(registrar, secret)))
      t.ok(replicas.every(({ registrar }) => verifies(registrar, old)))
    },
  )

  const { process: control } = server
  if (control !== null)
    void t.test('while Redis is away, what is in memory verifies, and passes go on afterwards', async t => {
      const { simulator, open, register } = await redisWorld(t, server)
      await register()
      const { registrar, fatals } = await open({ ...shared, interval: 20 })
      registrar.start()
      await until(() => registrar.status().lastOutcome === 'unchanged')
      await control.kill()
      await until(
        () => registrar.status().phase === 'degraded' && registrar.status().state.lastError !== null,
      )
      t.match(registrar.status(), { lastOutcome: 'failed', lastError: /ERR_STATE_UNAVAILABLE/ })
      t.ok(verifies(registrar, simulator.integration?.signingSecret))
      t.notOk(await registrar.refreshed())
      await control.start()
      await until(
        () => registrar.status().phase === 'registered' && registrar.status().state.lastError === null,
      )
      t.ok(verifies(registrar, simulator.integration?.signingSecret))
      t.same(fatals, [])
    })
}
