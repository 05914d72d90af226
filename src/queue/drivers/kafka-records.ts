import {
  createRecordsBatch,
  NumericMap,
  produceV3,
  protocolErrorsCodesById,
  Writer,
  type Connection,
  type MessageRecord,
} from '@platformatic/kafka'
import { CONTENT_TYPE, traceHeadersOf } from '../attributes.ts'
import type { QueueMessage } from '../types.ts'

/** Who writes, as brokers know it: they take each sequence number of a producer's epoch once, in order. */
export type Producer = { id: bigint; epoch: number }

/** A record that has its key and headers. */
export type KeyedRecord = MessageRecord & { key: Buffer; headers: Map<Buffer, Buffer> }

/** An encoded batch and the number of its partition. */
export type Batch = { index: number; bytes: Buffer }

type ProduceAnswer = ReturnType<typeof produceV3.parseResponse>

const HEADERS = new Map<string, Buffer>()
const CONTENT_TYPE_HEADER = [Buffer.from('content-type'), Buffer.from(CONTENT_TYPE)] as const
const PRODUCE = 0
// Understood by every broker since Kafka 0.11, the first with idempotence.
const PRODUCE_VERSION = 3
const ALL_REPLICAS = -1

/**
 * The record of a message: CloudEvents' Kafka binding, structured, with the attributes as headers besides, and the trace
 * by the names of W3C Trace Context too.
 */
export function recordOf(topic: string, { body, partitionKey, attributes }: QueueMessage): KeyedRecord {
  const headers = new Map<Buffer, Buffer>([CONTENT_TYPE_HEADER])
  for (const [name, value] of Object.entries(attributes))
    headers.set(headerName(`ce_${name}`), Buffer.from(value))
  for (const [name, value] of traceHeadersOf(attributes)) headers.set(headerName(name), Buffer.from(value))
  return { topic, key: Buffer.from(partitionKey), value: body, headers, timestamp: BigInt(Date.now()) }
}

/** About how many bytes a record takes, and no fewer. */
export function sizeOf({ key, value, headers }: KeyedRecord): number {
  let size = value.length + key.length + 100
  for (const [name, content] of headers) size += name.length + content.length + 8
  return size
}

/** The partition that every client with Kafka's own hash picks for a key. */
export function partitionOf(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions
}

/** Kafka's own hash of a key (org.apache.kafka.common.utils.Utils), a signed 32-bit number. */
export function murmur2(key: Buffer): number {
  const M = 0x5bd1_e995
  let hash = 0x9747_b28c ^ key.length
  let at = 0
  for (; at + 4 <= key.length; at += 4) {
    let word = Math.imul(key.readInt32LE(at), M)
    word = Math.imul(word ^ (word >>> 24), M)
    hash = Math.imul(hash, M) ^ word
  }
  if (at < key.length) hash = Math.imul(hash ^ key.readUIntLE(at, key.length - at), M)
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}

/** The bytes of a batch, the same for every try. */
export function encodeBatch(records: MessageRecord[], producer: Producer, sequence: number): Buffer {
  const topic = records[0]?.topic
  const options = {
    producerId: producer.id,
    producerEpoch: producer.epoch,
    sequences: new NumericMap([[`${topic}:undefined`, sequence]]),
  }
  return createRecordsBatch(records, options).buffer
}

/** Sequence numbers run from 0 to 2^31 - 1 and then begin again. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}

/**
 * Appends one batch to each of these partitions, on all replicas in sync; resolves with the name of each partition's
 * error, `NONE` when it was stored. Rejects when the connection fails: then nobody knows.
 */
export function produce(
  connection: Connection,
  request: { topic: string; timeout: number; batches: readonly Batch[] },
): Promise<Map<number, string>> {
  const results = new Map<number, string>()
  const payload = () =>
    Writer.create()
      .appendString(null, false)
      .appendInt16(ALL_REPLICAS)
      .appendInt32(request.timeout)
      .appendArray([request.topic], writeTopic, false, false)
  const writeTopic = (writer: Writer, topic: string) =>
    writer.appendString(topic, false).appendArray([...request.batches], writePartition, false, false)
  return new Promise((resolve, reject) => {
    connection.send(PRODUCE, PRODUCE_VERSION, payload, parseAnswer, false, false, (error, response) => {
      if (error) return reject(error)
      for (const { partitionResponses } of (response as ProduceAnswer).responses)
        for (const { index, errorCode } of partitionResponses)
          results.set(index, String(protocolErrorsCodesById[errorCode]))
      resolve(results)
    })
  })
}

function headerName(text: string): Buffer {
  let name = HEADERS.get(text)
  if (name === undefined) HEADERS.set(text, (name = Buffer.from(text)))
  return name
}

function writePartition(writer: Writer, { index, bytes }: Batch): void {
  writer.appendInt32(index).appendInt32(bytes.length).append(bytes)
}

const parseAnswer: typeof produceV3.parseResponse = (...response) => {
  try {
    return produceV3.parseResponse(...response)
  } catch (error) {
    // It throws what the broker says of a partition, and keeps the answer beside it.
    const { response } = error as { response?: ProduceAnswer }
    if (response === undefined) throw error
    return response
  }
}
