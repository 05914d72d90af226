import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import { pause } from '../jelou/backoff.ts'
import { faultSchema, methodSchema, type Fault, type Faults, type Method } from './faults.ts'
import { errorAnswer, visible, type Answer, type Call, type SimulatedIntegration } from './integrations.ts'
import { isLoopback } from '../network.ts'

/** A call that came in; `status` is missing while it is under way and when it was cut. Credentials in the body are masked. */
export type RecordedCall = { method: Method; path: string; status?: number; body?: unknown }

/** What the HTTP side of the simulator works on. The hooks are read at each call and waited for. */
export type ApiOptions = {
  answer: (call: Call) => Answer
  faults: Faults
  calls: RecordedCall[]
  integrations: ReadonlyMap<string, SimulatedIntegration>
  hooks: {
    /** A call came in, and nothing was done about it yet. */
    onRequest?: (method: Method) => void | Promise<void>
    /** The call was processed, and its answer has not gone out yet. */
    onProcessed?: (method: Method) => void | Promise<void>
  }
  log: (line: string) => void
}

const BASES = ['/jelouapi/v1', '/platform/v1']
const PAGE =
  '<!DOCTYPE html><html><head><title>Simulated</title></head><body><h1>Simulated</h1></body></html>'

/** The integration API under both documented bases, and the switches for people under `/_simulator`. */
export function buildApi(options: ApiOptions): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true })
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  // As a gateway says it, not as Jelou: a wrong path in JELOU_API_URL is to look here as it does there.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'no Route matched' }))
  app.setErrorHandler((_error, _request, reply) => reply.code(400).send(errorAnswer(400, 'Bad request').body))
  for (const base of BASES) {
    app.route<{ Params: { projectId: string } }>({
      method: [...methodSchema.options],
      exposeHeadRoute: false,
      url: `${base}/external-support/:projectId`,
      handler: (request, reply) => handleCall(request, reply, options, stopping.signal),
    })
  }
  void app.register(async scope => addSwitches(scope, options), { prefix: '/_simulator' })
  return app
}

async function handleCall(
  request: FastifyRequest<{ Params: { projectId: string } }>,
  reply: FastifyReply,
  { answer, faults, calls, hooks, log }: ApiOptions,
  stopping: AbortSignal,
): Promise<FastifyReply> {
  const method = methodSchema.parse(request.method)
  const { headers, body } = request
  const call: RecordedCall = { method, path: request.url, ...(body !== undefined && { body: masked(body) }) }
  calls.push(call)
  const fault: Fault = faults.take(method) ?? {}
  const replaces = fault.when !== 'after' && Boolean(fault.cut || fault.status || fault.body)
  const delay = async (when: 'before' | 'after') =>
    fault.delay === undefined || (fault.when ?? 'before') !== when || pause(fault.delay, stopping)

  await hooks.onRequest?.(method)
  if (!(await delay('before'))) return reply.hijack()
  let outcome = errorAnswer(fault.status ?? 200, 'Simulated')
  if (!replaces) {
    const processed = answer({ method, projectId: request.params.projectId, headers, body })
    if (fault.status === undefined) outcome = processed
    await hooks.onProcessed?.(method)
  }
  if (!(await delay('after'))) return reply.hijack()
  if (!fault.cut) call.status = outcome.status
  log(`${method} ${request.url} ${call.status ?? 'cut'}`)
  return send(reply, outcome, fault)
}

function send(reply: FastifyReply, { status, body }: Answer, fault: Fault): FastifyReply {
  const json = JSON.stringify(body)
  const half = json.slice(0, json.length / 2)
  if (fault.cut) {
    reply.raw.destroy()
    return reply.hijack()
  }
  if (fault.body === 'broken') {
    reply.raw.writeHead(status, { 'content-length': Buffer.byteLength(json) })
    reply.raw.write(half, () => reply.raw.destroy())
    return reply.hijack()
  }
  if (fault.retryAfter !== undefined) void reply.header('retry-after', fault.retryAfter)
  const bodies = { json, half, html: PAGE, empty: '', 'not-json': "{'message': 'Simulated'}" }
  return reply
    .code(status)
    .type(fault.body === 'html' ? 'text/html' : 'application/json; charset=utf-8')
    .send(bodies[fault.body ?? 'json'])
}

function addSwitches(scope: FastifyInstance, { faults, calls, integrations }: ApiOptions): void {
  scope.addHook('onRequest', async (request, reply) => {
    if (!isLoopback(request.ip)) await reply.code(403).send(errorAnswer(403, 'Only from this machine').body)
  })
  scope.get('/state', async () => ({
    integrations: [...integrations.values()].map(visible),
    faults: faults.list(),
    calls,
  }))
  scope.post('/faults', async (request, reply) => {
    const fault = faultSchema.safeParse(request.body)
    if (!fault.success) return reply.code(422).send(errorAnswer(422, z.prettifyError(fault.error)).body)
    faults.add(fault.data)
    return { faults: faults.list() }
  })
  scope.delete('/faults', async () => {
    faults.clear()
    return { faults: [] }
  })
}

function masked(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('authorization' in body)) return body
  return { ...body, authorization: '***' }
}
