import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { signed } from './http.ts'
import { markedSecret } from '../fixtures/marked.ts'

export const SECRET = markedSecret()
export const TOKEN = markedSecret()

/** What was sent: its place among its room's events, and whether it was ever answered 200. */
export type Sent = { room: string; place: number; body: string; acknowledged: boolean }

/** Many rooms that talk at the same time, to a service that comes and goes. */
export type Load = {
  /** Everything that was sent, by the id that it must have in the queue. */
  ledger: ReadonlyMap<string, Sent>
  /** How many answers there were of each status; `none` counts those that were cut off. */
  answers: Record<string, number>
  /** How long the slowest answer took, in ms. */
  slowest(): number
  /** The service is up at this webhook. */
  up(webhookUrl: string): void
  /** The service is about to go: what is not on its way yet waits for the next `up`. */
  down(): void
  /** Begins no new event; resolves once the last is answered. */
  end(): Promise<void>
}

/** `pause` in ms; `post` sends an event otherwise than with the one secret, and resolves with the status of the answer. */
type LoadOptions = { rooms: number; pause?: number; post?: (body: string) => Promise<number> }

/** Its number does not survive a parser, nor does its spacing: what comes out must be the text itself. */
function bodyOf(room: string, place: number): string {
  return `{"event_type":"message", "room_id":"${room}","place":${place},"exact":12345678901234567890.10,"é":"\\u00e9"}`
}

/**
 * Begins to send. The next event of a room goes out only once the one before is answered, or can no longer be, and `pause`
 * ms have passed.
 */
export function startLoad(t: Test, { rooms, pause = 0, post }: LoadOptions): Load {
  const ledger = new Map<string, Sent>()
  const answers: Record<string, number> = {}
  const agent = new Agent()
  t.teardown(() => agent.destroy())
  let webhook = Promise.withResolvers<string>()
  const over = new AbortController()
  let slowest = 0

  async function postSigned(body: string): Promise<number> {
    const url = await webhook.promise
    const headers = signed(body, SECRET, TOKEN)
    const answer = await request(url, { dispatcher: agent, method: 'POST', headers, body })
    // The status is a promise already, even if the rest of the answer is cut off.
    await answer.body.text().catch(() => {})
    return answer.statusCode
  }

  /** Resolves with whether the event was answered 200. */
  async function send(body: string): Promise<boolean> {
    await webhook.promise
    const begun = performance.now()
    const status = await (post ?? postSigned)(body).catch(() => 'none' as const)
    answers[status] = (answers[status] ?? 0) + 1
    slowest = Math.max(slowest, performance.now() - begun)
    return status === 200
  }

  async function converse(room: string): Promise<void> {
    for (let place = 0; !over.signal.aborted; place++) {
      const body = bodyOf(room, place)
      const sent: Sent = { room, place, body, acknowledged: false }
      ledger.set(createHash('sha256').update(body).digest('hex'), sent)
      sent.acknowledged = await send(body)
      // Every other one that was not answered is sent again, as a careful sender would.
      if (!sent.acknowledged && place % 2 === 0) sent.acknowledged = await send(body)
      if (pause > 0) await sleep(pause)
    }
  }

  const talks = Array.from({ length: rooms }, (_, index) => converse(`room-${index}`))
  return {
    ledger,
    answers,
    slowest: () => slowest,
    up: url => webhook.resolve(url),
    down() {
      webhook = Promise.withResolvers()
    },
    async end() {
      over.abort()
      await Promise.all(talks)
    },
  }
}
