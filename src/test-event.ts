import { randomUUID } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { NotRegisteredError } from './errors.ts'
import { formsOf, printable } from './jelou/reason.ts'
import { sign } from './jelou/signature.ts'
import type { Accepted } from './registration/accepted.ts'

/** By which way the event goes: straight to the public listener on this machine, or by PUBLIC_URL as Jelou's do. */
export type TestEventWay = 'loopback' | 'public'

/**
 * What became of a test event. `statusCode` null: there was no answer. `answer`: `accepted`, `duplicate`, or the code of the
 * refusal; null when the answer is not one of this service. `problem`: what is wrong, and what to do; null when it was taken.
 */
export type TestEventResult = {
  url: string
  statusCode: number | null
  answer: string | null
  id: string | null
  tookMs: number
  problem: string | null
}

/** `urls`: the webhook by each way. `timeout` in ms; `now` in ms since the epoch. */
export type TestEventOptions = {
  projectId: string
  urls: Record<TestEventWay, () => string>
  accepted: () => Accepted | null
  now: () => number
  dispatcher?: Dispatcher
  timeout?: number
}

const ANSWER = z
  .string()
  .transform(text => JSON.parse(text))
  .pipe(
    z.union([
      z.object({ status: z.enum(['accepted', 'duplicate']), id: z.string().regex(/^[0-9a-f]{64}$/) }),
      z.object({ code: z.string().regex(/^ERR_[A-Z_]{1,60}$/), message: z.string() }),
    ]),
  )

const NOT_ALLOWED: Record<TestEventWay, string> = {
  loopback:
    'ALLOWED_SOURCES does not hold the loopback address that this event came from, which says nothing about Jelou: send it with --public',
  public:
    'ALLOWED_SOURCES does not hold the address that this event came from (`rejected` shows it). If it is that of a proxy, name the proxy in TRUST_PROXY; if it is that of this machine, this says nothing about Jelou',
}

/**
 * Sends harmless events (`jelou-receiver.test`) to this service's own webhook, signed with the secret that it holds, which
 * never leaves the process. Throws NotRegisteredError while there is none.
 */
export function createTestEvents({
  projectId,
  urls,
  accepted,
  now,
  dispatcher,
  timeout = 10_000,
}: TestEventOptions): (way: TestEventWay) => Promise<TestEventResult> {
  return async way => {
    const { keys: [key] = [], credentials: [credential] = [] } = accepted() ?? {}
    if (key === undefined || credential === undefined) throw new NotRegisteredError()
    const url = urls[way]()
    const body = JSON.stringify({
      event: 'jelou-receiver.test',
      timestamp: now(),
      project_id: projectId,
      // Two events with the same text would be one and its duplicate.
      test_id: randomUUID(),
    })
    const headers = {
      'content-type': 'application/json',
      'x-jelou-signature': sign(body, key),
      ...presented(credential),
    }
    const { request } = await import('undici')
    const start = performance.now()
    const took = () => Math.round((performance.now() - start) * 10) / 10
    try {
      const answer = await request(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(timeout),
        ...(dispatcher && { dispatcher }),
      })
      const result = resultOf(
        way,
        answer.statusCode,
        await beginningOf(answer.body),
        formsOf(credential.authorization),
      )
      return { url, statusCode: answer.statusCode, ...result, tookMs: took() }
    } catch (error) {
      const problem = `there is no answer (${reasonOf(error)}): ${UNREACHED[way]}`
      return { url, statusCode: null, answer: null, id: null, tookMs: took(), problem }
    }
  }
}

const UNREACHED: Record<TestEventWay, string> = {
  loopback: 'check HOST and PORT',
  public: 'check PUBLIC_URL, its DNS, its certificate and what stands before this service',
}

function resultOf(
  way: TestEventWay,
  statusCode: number,
  text: string,
  secrets: readonly string[],
): Pick<TestEventResult, 'answer' | 'id' | 'problem'> {
  const answer = parse(text)
  if (answer === undefined) {
    const problem = `something else than this service answered with status ${statusCode}: ${UNREACHED[way]}`
    return { answer: null, id: null, problem }
  }
  if ('id' in answer) return { answer: answer.status, id: answer.id, problem: null }
  // It is only believed to be of this service: another server may stand at PUBLIC_URL.
  const problem =
    answer.code === 'ERR_SOURCE_NOT_ALLOWED' ? NOT_ALLOWED[way] : printable(answer.message, secrets)
  return { answer: answer.code, id: null, problem }
}

/** More than any answer of this service has. */
const MOST_READ = 16_384

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_READ) break
  }
  return Buffer.concat(chunks).subarray(0, MOST_READ).toString()
}

function parse(text: string): z.infer<typeof ANSWER> | undefined {
  try {
    return ANSWER.safeParse(text).data
  } catch {
    return undefined
  }
}

/** The code, because an error for several addresses of one name has no message. */
function reasonOf(error: unknown): string {
  const { code, name }: { code?: unknown; name?: string } = Object(error)
  return typeof code === 'string' ? code : String(name)
}

function presented({ authType, authorization }: Accepted['credentials'][number]): Record<string, string> {
  const headers = {
    no_auth: {},
    bearer: { authorization: `Bearer ${authorization}` },
    api_key: { 'x-api-key': authorization },
    basic: { authorization: `Basic ${Buffer.from(authorization).toString('base64')}` },
  }
  return headers[authType]
}
