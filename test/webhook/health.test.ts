import fastify from 'fastify'
import t from 'tap'
import { health } from '../../src/webhook/health.ts'

t.test('health', async t => {
  const checks: Record<string, string> = { secret: 'ok', queue: 'ok' }
  const app = fastify()
  t.teardown(() => app.close())
  const warnings: Record<string, string> = {}
  await app.register(health, { checks: () => checks, warnings: () => warnings })
  const get = async (path: string) => {
    const { statusCode, body } = await app.inject(path)
    return { statusCode, body: JSON.parse(body) }
  }
  t.same(await get('/healthz'), { statusCode: 200, body: { status: 'ok' } })
  t.same(await get('/readyz'), { statusCode: 200, body: { status: 'ready', checks } })
  checks.queue = 'the disk is full'
  t.same(await get('/readyz'), { statusCode: 503, body: { status: 'not ready', checks } })
  checks.queue = 'ok'
  warnings.clock = 'it differs'
  t.same(
    await get('/readyz'),
    { statusCode: 200, body: { status: 'ready', checks, warnings } },
    'they do not decide',
  )
  t.equal((await get('/healthz')).statusCode, 200)
})
