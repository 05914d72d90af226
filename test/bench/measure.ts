import { setTimeout as sleep } from 'node:timers/promises'
import { answers, closedLoop, openLoop, taken, type LoadResult, type Pace, type Sender } from './load/load.ts'
import type { EventFile } from './load/events.ts'
import { overloadConnections } from './overload.ts'
import { usageOf } from './process-usage.ts'
import type { OverloadSample, PacedSample, Sample } from './results.ts'
import type { Running, Subject, Traffic } from './subjects/subject.ts'
import { warmed, type WarmUp } from './warm.ts'

export type Files = Record<Traffic, EventFile>

/** What every request of this traffic is to be answered. */
const STATUS: Record<Traffic, number> = { fresh: 200, duplicates: 200, forged: 401, strangers: 401 }
/** How many connections a rate that is not to wait for answers takes. */
const PACED_CONNECTIONS = 256
/** For counting what a broker was given last, in ms. */
const PATIENCE = 20_000
export const NONE = { count: 0, inTime: 0, p50: 0, p99: 0, p999: 0, max: 0 }

export type Measuring = {
  sender: Sender
  files: Files
  connections: number
  warmUp: WarmUp
  /** How long it is measured. */
  seconds: number
  /** What a subject is warmed with where what is measured is too little for that; other events. */
  warm?: { events: EventFile; connections: number }
}

/**
 * Sends to a subject as many requests as it answers, once it is warm. Throws when a queue has less than was acknowledged, or when the
 * events ran out, so that some were sent twice.
 */
export async function measureSubject(
  { name, traffic }: Subject,
  running: Running,
  { sender, files, connections, warmUp, seconds, ...more }: Measuring,
): Promise<Sample> {
  const events = files[traffic]
  const status = STATUS[traffic]
  const options = { url: running.url, events, connections, status }
  const warm = await warmed(warmUp, async (seconds, used) => {
    const load = { ...options, ...more.warm, seconds }
    return [await closedLoop(sender, { ...load, skip: used % load.events.count })]
  })
  const used = more.warm === undefined ? warm.used : 0
  const before = { own: usageOf(running.pid), broker: running.broker?.() }
  const load = await closedLoop(sender, { ...options, seconds, skip: used % events.count })
  const after = { own: usageOf(running.pid), broker: running.broker?.() }
  await sleep(0)
  if (traffic === 'fresh' && running.stored) assertNotAllUsed(name, events, used + load.used)
  await assertStored(name, running, traffic === 'duplicates' ? events.count : warm.taken + taken(load))
  const { count, p50, p99, p999 } = load.statuses[status] ?? NONE
  const thousands = count / 1_000
  return {
    perSecond: count / load.seconds,
    p50,
    p99,
    p999,
    cpu: (after.own.cpu - before.own.cpu) / thousands,
    brokerCpu: ((after.broker?.cpu ?? 0) - (before.broker?.cpu ?? 0)) / thousands,
    rss: after.own.rss,
    peak: after.own.peak,
    sender: load.cpu / load.seconds,
    failed: answers(load) - count + load.broken,
  }
}

/** Sends fresh events at a constant rate. Throws as `measureSubject` does. */
export async function measurePaced(
  name: string,
  running: Running,
  measuring: Measuring,
  rate: number,
): Promise<PacedSample> {
  const load = await sendPaced(name, running, measuring, { rate, connections: PACED_CONNECTIONS })
  return paced(load, rate)
}

/** Sends three times what the subject can take. Throws as `measureSubject` does. */
export async function measureOverload(
  name: string,
  running: Running,
  measuring: Measuring,
  capacity: number,
): Promise<OverloadSample> {
  const rate = 3 * capacity
  const connections = overloadConnections()
  // It is one once all connections wait.
  const ramp = measuring.warmUp.seconds
  const load = await sendPaced(name, running, measuring, { rate, connections, ramp, overload: true })
  const offered = load.used / (ramp + load.seconds)
  const { 200: good = NONE, 503: refused = NONE } = load.statuses
  return {
    ...paced(load, rate),
    offered,
    capacity,
    connections,
    refused: refused.count,
    refusedP99: refused.p99,
    unsent: load.unsent,
    failed: answers(load) - good.count - refused.count + load.broken,
  }
}

function paced(load: LoadResult, rate: number): PacedSample {
  const { inTime, p50, p99, p999 } = load.statuses[200] ?? NONE
  return { rate, offered: load.used / load.seconds, accepted: inTime / load.seconds, p50, p99, p999 }
}

async function sendPaced(
  name: string,
  running: Running,
  { sender, files, connections, warmUp, seconds }: Measuring,
  paced: Pace & { connections: number },
): Promise<LoadResult> {
  const options = { url: running.url, events: files.fresh }
  const warm = await warmed(warmUp, async (seconds, skip) => [
    await closedLoop(sender, { ...options, connections, seconds, skip }),
  ])
  const load = await openLoop(sender, { ...options, ...paced, seconds, skip: warm.used })
  if (running.stored) assertNotAllUsed(name, files.fresh, warm.used + load.used)
  await assertStored(name, running, warm.taken + taken(load))
  return load
}

function assertNotAllUsed(name: string, { count }: EventFile, used: number): void {
  if (used > count)
    throw new Error(`${name} took ${used} events and only ${count} were made: some were sent twice`)
}

/** Nothing that was acknowledged is missing; what went to the spool meanwhile has time to get to the broker. */
export async function assertStored(
  name: string,
  { stored }: Pick<Running, 'stored'>,
  acknowledged: number,
): Promise<void> {
  if (stored === undefined) return
  const deadline = Date.now() + PATIENCE
  let found = await stored()
  while (found < acknowledged && Date.now() < deadline) {
    await sleep(100)
    found = await stored()
  }
  if (found < acknowledged)
    throw new Error(`${name} acknowledged ${acknowledged} events, its queue has ${found}`)
}
