import { QueueUnavailableError } from '../../errors.ts'
import { messageRefused, queueError, remedyFor } from './kafka-errors.ts'
import { encodeBatch, nextSequence, sizeOf, type KeyedRecord, type Producer } from './kafka-records.ts'

/** A record that somebody waits for. `deadline` as the time of {@link Partition.expire} counts; `done` is called once, without an error when stored. */
export type Entry = { record: KeyedRecord; deadline: number; done: (error?: Error) => void }

/** What waits for one partition, and the one batch that is on its way there. */
export type Partition = ReturnType<typeof createPartition>

type Waiting = Entry & { settled: boolean }

const MAX_BATCH = 512 * 1024
const MAX_EPOCH = 0x7fff

/**
 * A batch keeps its sequence number through every try, so that the broker stores it once. Once nobody waits for it and
 * nobody knows whether it was stored, the producer's next epoch begins, which keeps a late copy of it out.
 */
export function createPartition(topic: string, first: Producer) {
  let waiting: Waiting[] = []
  let batch: { entries: Waiting[]; bytes?: Buffer } | undefined
  let producer: Producer | undefined = first
  let sequence = 0
  let limit = Infinity
  let stuck = false
  let sending = false

  function take(): Waiting[] {
    let size = 0
    let count = 0
    for (const { record } of waiting) {
      size += sizeOf(record)
      if (count === limit || (count > 0 && size > MAX_BATCH)) break
      count++
    }
    return waiting.splice(0, count)
  }

  function all(): Waiting[] {
    return batch === undefined ? waiting : [...batch.entries, ...waiting]
  }

  function finish(entries: Waiting[], error?: Error): void {
    for (const entry of entries) settle(entry, error)
    batch = undefined
    limit = Infinity
  }

  function split({ entries }: { entries: Waiting[] }, id: string): void {
    if (entries.length === 1) return finish(entries, messageRefused(topic, id))
    waiting.unshift(...entries.filter(({ settled }) => !settled))
    limit = Math.ceil(entries.length / 2)
    batch = undefined
  }

  /** Stops until `free` is called: the batch will be tried again. */
  function hold(): void {
    stuck = true
    sending = false
    if (batch?.entries.every(({ settled }) => settled)) {
      batch = undefined
      renew(nextEpoch(producer))
    }
  }

  function renew(other: Producer | undefined): void {
    producer = other
    sequence = 0
    delete batch?.bytes
  }

  return {
    add(entry: Entry): void {
      waiting.push({ ...entry, settled: false })
    },
    isStuck: () => stuck,
    isWithoutProducer: () => producer === undefined,
    /** The bytes to send now, those of the last try or of what waits; then nothing until `answer` or `hold`. */
    next(): Buffer | undefined {
      if (sending || stuck || producer === undefined) return undefined
      if (batch === undefined && waiting.length === 0) return undefined
      sending = true
      batch ??= { entries: take() }
      return (batch.bytes ??= encodeBatch(
        batch.entries.map(({ record }) => record),
        producer,
        sequence,
      ))
    },
    /** What the broker says of the batch, by the name of Kafka's error. */
    answer(id = 'NO_ANSWER'): void {
      sending = false
      if (batch === undefined) return
      if (id === 'NONE' || id === 'DUPLICATE_SEQUENCE_NUMBER') {
        sequence = nextSequence(sequence, batch.entries.length)
        return finish(batch.entries)
      }
      switch (remedyFor(id)) {
        case 'split':
          return split(batch, id)
        case 'refuse':
          return finish(batch.entries, queueError(topic, { apiId: id }))
        case 'renew':
          renew(id === 'OUT_OF_ORDER_SEQUENCE_NUMBER' ? nextEpoch(producer) : undefined)
          return hold()
        case 'retry':
          return hold()
      }
    },
    hold,
    free(fresh: Producer | undefined): void {
      stuck = false
      if (producer === undefined) renew(fresh)
    },
    /** Rejects what has waited for too long. */
    expire(now: number): void {
      const late = all().filter(({ deadline }) => deadline <= now)
      if (late.length === 0) return
      const error = new QueueUnavailableError('Kafka does not confirm in time')
      for (const entry of late) settle(entry, error)
      waiting = waiting.filter(({ settled }) => !settled)
      if (stuck) hold()
    },
    end(error: Error): void {
      for (const entry of all()) settle(entry, error)
      waiting = []
      batch = undefined
    },
  }
}

/** The epoch after a producer's; undefined when it has had its last and another producer is needed. */
export function nextEpoch(producer: Producer | undefined): Producer | undefined {
  if (producer === undefined || producer.epoch >= MAX_EPOCH) return undefined
  return { id: producer.id, epoch: producer.epoch + 1 }
}

function settle(entry: Waiting, error?: Error): void {
  if (entry.settled) return
  entry.settled = true
  entry.done(error)
}
