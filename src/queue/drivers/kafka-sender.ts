import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster, Leaders } from './kafka-cluster.ts'
import { queueError } from './kafka-errors.ts'
import { createPartition, type Partition } from './kafka-partition.ts'
import { partitionOf, produce, type KeyedRecord, type Producer } from './kafka-records.ts'

/** Sends to the leaders of a topic's partitions for as long as the cluster answers. */
export type Sender = {
  /** Resolves once the record is stored by all replicas in sync; settles within about `timeout`. */
  send: (record: KeyedRecord) => Promise<void>
  /** Rejects what waits; nothing is sent any more. */
  end: (error: Error) => void
}

type Sent = { index: number; partition: Partition; bytes: Buffer }

const PAUSE = 100
const SWEEPS = 20
const MAX_REQUEST = 8 * 1024 * 1024

/**
 * One request at a time per broker, as brokers answer those of a connection one after the other: what comes meanwhile
 * gathers for the next, so that nothing ever waits for company. `onLost` tells that the cluster or the topic is gone.
 */
export function createSender(options: {
  cluster: Cluster
  topic: string
  timeout: number
  leaders: Leaders
  producer: Producer
  onLost: (error: Error) => void
}): Sender {
  const { cluster, topic, timeout } = options
  const partitions = new Map<number, Partition>()
  const busy = new Set<number>()
  let leaders = options.leaders
  let recovering = false
  let sweeps = 0
  let ended = false

  // Waiting is bounded by a sweep rather than by a timer for each event, and counted by sweeps: a pause of this process is one.
  const sweep = setInterval(() => {
    sweeps++
    for (const partition of partitions.values()) partition.expire(sweeps)
  }, timeout / SWEEPS)

  function end(error: Error): void {
    ended = true
    clearInterval(sweep)
    for (const partition of partitions.values()) partition.end(error)
  }

  function wake(leader: number): void {
    if (busy.has(leader)) return
    busy.add(leader)
    // In a moment, so that what is published in one turn goes together.
    queueMicrotask(() => void drive(leader))
  }

  async function drive(leader: number): Promise<void> {
    for (let sent = gather(leader); sent.length > 0; sent = gather(leader)) {
      try {
        const connection = await cluster.connection(leader)
        const answers = await produce(connection, { topic, timeout: timeout / 2, batches: sent })
        for (const { index, partition } of sent) partition.answer(answers.get(index))
      } catch {
        for (const { partition } of sent) partition.hold()
      }
      if (some(partition => partition.isStuck())) void recover()
    }
    busy.delete(leader)
  }

  function gather(leader: number): Sent[] {
    const sent: Sent[] = []
    let size = 0
    for (const [index, partition] of partitions) {
      if (leaders[index] !== leader || size > MAX_REQUEST) continue
      const bytes = partition.next()
      if (bytes === undefined) continue
      sent.push({ index, partition, bytes })
      size += bytes.length
    }
    return sent
  }

  /** Asks who leads now, and tries again what failed. */
  async function recover(): Promise<void> {
    if (recovering) return
    recovering = true
    await sleep(PAUSE)
    try {
      leaders = await cluster.leaders()
      const fresh = some(partition => partition.isWithoutProducer()) ? await cluster.producer() : undefined
      for (const partition of partitions.values()) partition.free(fresh)
      for (const leader of new Set(leaders)) wake(leader)
    } catch (error) {
      if (!ended) options.onLost(queueError(topic, error))
    } finally {
      recovering = false
    }
  }

  function some(condition: (partition: Partition) => boolean): boolean {
    return partitions.values().some(condition)
  }

  return {
    end,
    send(record) {
      const index = partitionOf(record.key, leaders.length)
      let partition = partitions.get(index)
      if (partition === undefined)
        partitions.set(index, (partition = createPartition(topic, options.producer)))
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const done = (error?: Error) => (error ? reject(error) : resolve())
      partition.add({ record, deadline: sweeps + SWEEPS + 1, done })
      wake(leaders[index] as number)
      return promise
    },
  }
}
