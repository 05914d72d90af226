import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { SERVED_BY } from '../conformance/balancer.ts'
import { signed } from '../conformance/http.ts'
import type { EventMaker } from './events.ts'
import type { Ledger, Place } from './ledger.ts'
import { credentialOf, type Integration } from './credential.ts'
import { createRandom, type Random } from './random.ts'

/** `interval`: ms between events, of whatever room; 0 is as fast as it goes. */
export type SenderOptions = {
  seed: number
  rooms: number
  interval: number
  ledger: Ledger
  make: EventMaker
  /** What is registered there is called, and signed by its secret. */
  jelou: Pick<Simulator, 'integration'>
  /** The number of a replica by its public URL. */
  replicaOf: (url: string | undefined) => number | undefined
  /** Is told of each answer but 2xx: its status and the code in its body. */
  refused: (status: number, code: string) => void
}

export type Sender = {
  /** How often there was which answer; `none` where there was none. */
  answers: Record<string, number>
  /** Waits no longer between events. */
  hurry(): void
  /** Sends one event of a room of its own; resolves with the status of the answer, undefined without one. */
  fresh(): Promise<number | undefined>
  /** Begins no more events, but those that are asked for; resolves once the last is answered. */
  rest(): Promise<void>
  /** Closes every connection. */
  end(): Promise<void>
}

/** Jelou's sibling product waits for so long, in ms; some of its networks for less. */
const PATIENCE = 20_000
const IMPATIENCE = [1_000, 3_000] as const

/** What became of one request. Unreachable: no byte of it was sent. */
type Outcome = { status: number } | 'none' | 'unreachable'

/**
 * Sends as Jelou might: the next event of a room once the one before is answered, or given up. Some of what was not answered
 * 2xx is sent again, some never; some of what was, is sent again all the same.
 */
export function startSender(options: SenderOptions): Sender {
  const { seed, rooms, ledger, make, jelou, replicaOf, refused } = options
  const agent = new Agent()
  const over = new AbortController()
  const answers: Record<string, number> = {}
  let { interval } = options
  let next = performance.now()

  async function turn(): Promise<void> {
    if (interval === 0) return
    const now = performance.now()
    const due = Math.max(next, now - 10 * interval)
    next = due + interval
    if (due > now) await sleep(due - now)
  }

  async function registered(): Promise<Integration> {
    for (;;) {
      const { integration } = jelou
      if (integration !== undefined) return integration
      await sleep(5)
    }
  }

  async function post(event: Place, body: string, patience: number): Promise<Outcome> {
    const integration = await registered()
    const headers = { ...signed(body, integration.signingSecret), ...credentialOf(integration) }
    const times = { headersTimeout: patience, bodyTimeout: patience }
    try {
      const answer = await request(integration.webhookUrl, {
        dispatcher: agent,
        method: 'POST',
        headers,
        body,
        ...times,
      })
      const named = answer.headers[SERVED_BY]
      ledger.asked(event, replicaOf(typeof named === 'string' ? named : undefined))
      // The status is a promise already, even if the rest of the answer is cut off.
      const text = await answer.body.text().catch(() => '')
      const { statusCode: status } = answer
      if (status < 200 || status > 299) refused(status, codeOf(text))
      return { status }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return 'unreachable'
      ledger.asked(event, replicaOf(undefined))
      return 'none'
    }
  }

  async function attempt(event: Place, body: string, patience = PATIENCE): Promise<Outcome> {
    const outcome = await post(event, body, patience)
    const name = typeof outcome === 'string' ? outcome : String(outcome.status)
    answers[name] = (answers[name] ?? 0) + 1
    if (isGood(outcome)) ledger.acknowledge(event)
    return outcome
  }

  async function deliver(event: Place, body: string, random: Random): Promise<void> {
    for (;;) {
      const patience = random.chance(0.1) ? random.int(...IMPATIENCE) : PATIENCE
      const outcome = await attempt(event, body, patience)
      if (isGood(outcome)) {
        if (random.chance(0.03)) await attempt(event, body)
        return
      }
      if (over.signal.aborted || (outcome !== 'unreachable' && random.chance(0.3))) return
      // Who finds nobody there waits for longer, so that trying again is not all that this machine does.
      await sleep(outcome === 'unreachable' ? random.int(200, 600) : random.int(10, 150))
    }
  }

  async function converse(room: number): Promise<void> {
    const random = createRandom(seed, `room ${room}`)
    for (;;) {
      await turn()
      if (over.signal.aborted) return
      const event = { room, place: ledger.begin(room) }
      await deliver(event, make(room, event.place), random)
    }
  }

  const talks = Array.from({ length: rooms }, (_, room) => converse(room))
  return {
    answers,
    hurry() {
      interval = 0
    },
    async fresh() {
      // The last room of the ledger is for these alone.
      const event = { room: rooms, place: ledger.begin(rooms) }
      const outcome = await attempt(event, make(rooms, event.place))
      return typeof outcome === 'string' ? undefined : outcome.status
    },
    async rest() {
      over.abort()
      await Promise.all(talks)
    },
    end: () => agent.destroy(),
  }
}

function isGood(outcome: Outcome): boolean {
  return typeof outcome !== 'string' && outcome.status >= 200 && outcome.status < 300
}

function codeOf(text: string): string {
  try {
    return String(JSON.parse(text).code)
  } catch {
    return ''
  }
}
