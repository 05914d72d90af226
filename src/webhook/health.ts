import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

/** Each thing that readiness depends on: `ok`, or what is wrong in words that hold no secret. */
export type HealthChecks = Record<string, string>

/** What is to be seen to although events are taken; words that hold no secret and no address. */
export type HealthWarnings = Record<string, string>

/** Whether every check is ok. */
export function isReady(checks: HealthChecks): boolean {
  return Object.values(checks).every(check => check === 'ok')
}

const described = { tags: ['health'], security: [] }
const state = (status: 'ready' | 'not ready', description: string) =>
  z
    .object({
      status: z.literal(status),
      checks: z.record(z.string(), z.string()).meta({ description: '`ok`, or what is wrong' }),
      warnings: z.record(z.string(), z.string()).exactOptional().meta({
        description: 'What is to be seen to although events are taken; missing when there is nothing',
      }),
    })
    .meta({ description })

const HEALTHZ = {
  ...described,
  operationId: 'alive',
  summary: 'Whether the process runs',
  response: { 200: z.object({ status: z.literal('ok') }).meta({ description: 'It does' }) },
}
const READYZ = {
  ...described,
  operationId: 'ready',
  summary: 'Whether events can be taken',
  response: {
    200: state('ready', 'They can'),
    503: state('not ready', 'They cannot: the checks say why'),
  },
}

/**
 * `/healthz`: the process runs. `/readyz`: events can be taken; the body names each check, and what else is to be seen to,
 * which does not decide: a load balancer that sent nothing for that would make it worse.
 */
export async function health(
  app: FastifyInstance,
  options: { checks: () => HealthChecks; warnings: () => HealthWarnings },
): Promise<void> {
  app.setSerializerCompiler(() => JSON.stringify)
  app.get('/healthz', { schema: HEALTHZ }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: READYZ }, async (_request, reply) => {
    const checks = options.checks()
    const warnings = options.warnings()
    const ready = isReady(checks)
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      checks,
      ...(Object.keys(warnings).length > 0 && { warnings }),
    })
  })
}
