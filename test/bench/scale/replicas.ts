import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { countStream } from '../subjects/brokers.ts'
import { answers, closedLoop, taken, type LoadResult } from '../load/load.ts'
import { assertStored, NONE, type Measuring } from '../measure.ts'
import { usageOf, type Usage } from '../process-usage.ts'
import type { Sample } from '../results.ts'
import { startService } from '../subjects/ours.ts'
import type { Running, Start } from '../subjects/subject.ts'
import { warmed } from '../warm.ts'

/** Processes of the service over one queue and one state. */
export type Replicas = { services: Running[]; broker: () => Usage; stored: () => Promise<number> }

/** Starts so many over one Redis; null when there is none on this machine, which the scope is told. */
export async function startReplicas(at: Start, count: number): Promise<Replicas | null> {
  const server = await at.brokers.use('redis', at.scope)
  if (server === null) return null
  const url = `redis://127.0.0.1:${server.port}`
  const shared = {
    QUEUE_URL: url,
    STATE_URL: url,
    STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }
  const services = await Promise.all(
    Array.from({ length: count }, (_, index) => startService(at, join(at.folder, `${index}`), shared)),
  )
  return { services, broker: server.usage, stored: () => countStream(server, at.queueName) }
}

/**
 * Sends each replica its part of the events over its part of the connections, at the same time. Latencies are those of the replica
 * where they were the longest, processor time and memory of all together. Throws as `measureSubject` does.
 */
export async function measureReplicas(
  { services, broker, stored }: Replicas,
  { sender, files: { fresh }, connections, warmUp, seconds }: Measuring,
): Promise<Sample> {
  const part = Math.floor(fresh.count / services.length)
  const used = services.map(() => 0)
  const load = async (seconds: number): Promise<LoadResult[]> => {
    const results = await Promise.all(
      services.map(({ url }, index) =>
        closedLoop(sender, {
          url,
          events: fresh,
          skip: index * part + (used[index] ?? 0),
          connections: Math.ceil(connections / services.length),
          seconds,
        }),
      ),
    )
    for (const [index, result] of results.entries()) used[index] = (used[index] ?? 0) + result.used
    return results
  }
  const usage = () => sum(services.map(({ pid }) => usageOf(pid).cpu))
  const warm = await warmed({ ...warmUp, answers: warmUp.answers * services.length }, load)
  const before = { own: usage(), broker: broker().cpu }
  const loads = await load(seconds)
  const after = { own: usage(), broker: broker().cpu }
  if (used.some(count => count > part)) throw new Error(`${part} events for a replica were too few`)
  await assertStored('replicas', { stored }, warm.taken + sum(loads.map(taken)))
  const good = loads.map(({ statuses }) => statuses[200] ?? NONE)
  const thousands = sum(loads.map(taken)) / 1_000
  const most = (field: 'p50' | 'p99' | 'p999') => Math.max(...good.map(answered => answered[field]))
  return {
    perSecond: sum(loads.map(result => taken(result) / result.seconds)),
    p50: most('p50'),
    p99: most('p99'),
    p999: most('p999'),
    cpu: (after.own - before.own) / thousands,
    brokerCpu: (after.broker - before.broker) / thousands,
    rss: sum(services.map(({ pid }) => usageOf(pid).rss)),
    peak: sum(services.map(({ pid }) => usageOf(pid).peak)),
    sender: sum(loads.map(({ cpu, seconds }) => cpu / seconds)),
    failed: sum(loads.map(result => answers(result) - taken(result) + result.broken)),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
