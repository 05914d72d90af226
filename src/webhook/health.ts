import type { FastifyInstance } from 'fastify'

/** Each thing that readiness depends on: `ok`, or what is wrong in words that hold no secret. */
export type HealthChecks = Record<string, string>

/** Whether every check is ok. */
export function isReady(checks: HealthChecks): boolean {
  return Object.values(checks).every(check => check === 'ok')
}

/** `/healthz`: the process runs. `/readyz`: events can be taken; the body names each check. */
export async function health(app: FastifyInstance, options: { checks: () => HealthChecks }): Promise<void> {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const checks = options.checks()
    const ready = isReady(checks)
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks })
  })
}
