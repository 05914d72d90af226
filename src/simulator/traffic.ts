import { createHistogram, performance } from 'node:perf_hooks'
import { pause } from '../jelou/backoff.ts'
import type { EventMaker, EventType } from './events.ts'
import type { Delivery, Sender, SendOptions } from './sender.ts'

/** One event as it was sent: the exact text, and whether it is a redelivery of it. */
export type SentEvent = { body: string; type: EventType; room: string; again: boolean }

/**
 * How many events, of what kind and how fast. It ends after `count` events, or `rate` (events per second) for `duration` (ms),
 * or when the signal says so. Each room's events are sent one after another, the next when the one before is answered, so that
 * their order is known; up to `concurrency` rooms (all, unless given) at a time. Slower answers than `rate` needs slow it down.
 * `redeliverEvery` n sends each n-th event twice. While nothing is registered it waits.
 */
export type TrafficOptions = SendOptions & {
  count?: number | undefined
  rate?: number | undefined
  duration?: number | undefined
  rooms?: number | undefined
  types?: readonly EventType[]
  concurrency?: number | undefined
  redeliverEvery?: number | undefined
  signal?: AbortSignal
  onDelivery?: (sent: SentEvent, delivery: Delivery) => void
}

/** `outcomes` counts by status, or by error code where there was no answer. `sent` includes the redeliveries. Times in ms. */
export type Tally = {
  sent: number
  redelivered: number
  outcomes: Record<string, number>
  elapsed: number
  latency: { p50: number; p99: number; max: number }
}

/** How often to look whether something is registered, in ms. */
const POLL = 20

/** Sends events until all are sent or the signal ends it; what the receiver or the network does never throws. */
export async function sendTraffic(
  sender: Pick<Sender, 'send'> & { registered: () => boolean; make: EventMaker },
  options: TrafficOptions,
): Promise<Tally> {
  const { rate, duration, rooms = 1, types = [], concurrency = rooms, redeliverEvery, signal } = options
  const count = options.count ?? (rate && duration ? Math.ceil((rate * duration) / 1000) : Infinity)
  const workers = Math.min(concurrency, rooms)
  const latencies = createHistogram()
  const outcomes: Record<string, number> = {}
  const start = performance.now()
  let next = 0
  let redelivered = 0
  const stopped = () => signal?.aborted === true

  async function deliver(sent: SentEvent): Promise<void> {
    while (!sender.registered() && (await pause(POLL, signal)));
    if (stopped()) return
    const delivery = await sender.send(sent.body, options)
    const outcome = delivery.error ?? String(delivery.status)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    latencies.record(1 + Math.round(delivery.latency * 1e6))
    if (sent.again) redelivered++
    options.onDelivery?.(sent, delivery)
  }

  /** Sends to rooms that no other worker sends to. */
  async function work(worker: number): Promise<void> {
    const own = Math.ceil((rooms - worker) / workers)
    for (let turn = 0; next < count && !stopped(); turn++) {
      const number = next++
      const due = rate === undefined ? 0 : start + (number / rate) * 1000 - performance.now()
      if (due > 0) await pause(due, signal)
      const type = types[number % types.length] ?? 'text'
      const room = `room-${1 + worker + (turn % own) * workers}`
      const sent = { body: JSON.stringify(sender.make(type, room)), type, room, again: false }
      await deliver(sent)
      if (redeliverEvery && (number + 1) % redeliverEvery === 0) await deliver({ ...sent, again: true })
    }
  }

  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)))
  return {
    sent: latencies.count,
    redelivered,
    outcomes,
    elapsed: performance.now() - start,
    latency: {
      p50: latencies.percentile(50) / 1e6,
      p99: latencies.percentile(99) / 1e6,
      max: latencies.max / 1e6,
    },
  }
}
