import type { LeasedMessage, Located, QueueMessage, StoredEvent } from '../types.ts'
import { slotOf } from './sqlite-key-counts.ts'

/** One event as the worker stores it. The views share the memory of the batch. */
export type PackedEvent = {
  /** What the event is recognised by; see {@link DEDUPE_KEY_SIZE}. */
  dedupeKey: Uint8Array
  partitionKey: string
  body: Uint8Array
}

/**
 * The dedupe key is the event's own timestamp (8 bytes) and the first half of its SHA-256 id (16 bytes). A redelivery
 * is the same bytes, so it has the same timestamp. Led by the time, keys arrive nearly sorted: an insert touches the
 * right edge of the index, where a bare digest would touch a random page of it.
 */
export const DEDUPE_KEY_SIZE = 24

const HEADER_SIZE = 4 + 4 + DEDUPE_KEY_SIZE

/**
 * Copies messages into one buffer of their own, to be transferred to the worker: cloning a pooled Buffer could copy
 * its whole pool. Per event: key length (u32), body length (u32), dedupe key, partition key (UTF-8), body.
 */
export function packBatch(messages: readonly QueueMessage[]): ArrayBuffer {
  let size = 0
  for (const { partitionKey, body } of messages)
    size += HEADER_SIZE + Buffer.byteLength(partitionKey) + body.length
  const batch = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const { id, timestamp, partitionKey, body } of messages) {
    const keyLength = batch.write(partitionKey, at + HEADER_SIZE, 'utf8')
    batch.writeUInt32BE(keyLength, at)
    batch.writeUInt32BE(body.length, at + 4)
    writeDedupeKey(batch, at + 8, id, timestamp)
    at += HEADER_SIZE + keyLength
    body.copy(batch, at)
    at += body.length
  }
  return batch.buffer
}

/** Reads what {@link packBatch} wrote, in the same order. */
export function unpackBatch(batch: ArrayBuffer): PackedEvent[] {
  const bytes = Buffer.from(batch)
  const events: PackedEvent[] = []
  for (let at = 0; at < bytes.length;) {
    const keyAt = at + HEADER_SIZE
    const bodyAt = keyAt + bytes.readUInt32BE(at)
    const end = bodyAt + bytes.readUInt32BE(at + 4)
    events.push({
      dedupeKey: bytes.subarray(at + 8, keyAt),
      partitionKey: bytes.toString('utf8', keyAt, bodyAt),
      body: bytes.subarray(bodyAt, end),
    })
    at = end
  }
  return events
}

/** Copies only the dedupe keys of messages into one buffer of their own. */
export function packKeys(messages: readonly QueueMessage[]): ArrayBuffer {
  const keys = Buffer.allocUnsafeSlow(messages.length * DEDUPE_KEY_SIZE)
  for (const [index, { id, timestamp }] of messages.entries())
    writeDedupeKey(keys, index * DEDUPE_KEY_SIZE, id, timestamp)
  return keys.buffer
}

/** Reads what {@link packKeys} wrote, in the same order. */
export function unpackKeys(keys: ArrayBuffer): Uint8Array[] {
  return Array.from(
    { length: keys.byteLength / DEDUPE_KEY_SIZE },
    (_, index) => new Uint8Array(keys, index * DEDUPE_KEY_SIZE, DEDUPE_KEY_SIZE),
  )
}

function writeDedupeKey(target: Buffer, at: number, id: string, timestamp: number): void {
  // A big-endian double sorts as its value does (from 0 up) and takes any number that JSON can hold.
  target.writeDoubleBE(timestamp, at)
  target.write(id, at + 8, 16, 'hex')
}

/** The timestamp of the event that a dedupe key is of. */
export function timestampOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getFloat64(0)
}

/** Two numbers for each event that was delivered. */
const SETTLED_SIZE = 2 * Float64Array.BYTES_PER_ELEMENT

/** Copies numbers of events, and where their keys are counted, into one buffer. */
export function packSettled(events: readonly Located[]): ArrayBuffer {
  const numbers = new Float64Array(new ArrayBuffer(events.length * SETTLED_SIZE))
  for (const [index, { seq, key }] of events.entries()) {
    numbers[2 * index] = seq
    numbers[2 * index + 1] = slotOf(key)
  }
  return numbers.buffer
}

/** Reads what {@link packSettled} wrote, in the same order: each event, and where its key is counted. */
export function unpackSettled(settled: ArrayBuffer): Map<number, number> {
  const numbers = new Float64Array(settled)
  const slots = new Map<number, number>()
  for (let at = 0; at < numbers.length; at += 2) slots.set(Number(numbers[at]), Number(numbers[at + 1]))
  return slots
}

/** How many events {@link packSettled} was given. */
export function settledIn(settled: ArrayBuffer): number {
  return settled.byteLength / SETTLED_SIZE
}

/** Bodies in one buffer, which is transferred between threads; a buffer each costs far more. */
type PackedBodies = { sizes: number[]; bodies: ArrayBuffer }

function packBodies(events: readonly Uint8Array[]): PackedBodies {
  const sizes = events.map(event => event.length)
  const bodies = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0))
  let at = 0
  for (const event of events) {
    bodies.set(event, at)
    at += event.length
  }
  return { sizes, bodies: bodies.buffer }
}

/** The bodies in their order. They share the memory. */
function unpackBodies({ sizes, bodies }: PackedBodies): Buffer[] {
  let at = 0
  return sizes.map(size => {
    at += size
    return Buffer.from(bodies, at - size, size)
  })
}

/** Messages on their way to a consumer. */
export type PackedLeases = PackedBodies & { leases: string[]; attempts: number[] }

/** Copies what was leased into one buffer. */
export function packLeases(
  messages: readonly { lease: string; attempts: number; event: Uint8Array }[],
): PackedLeases {
  return {
    leases: messages.map(({ lease }) => lease),
    attempts: messages.map(({ attempts }) => attempts),
    ...packBodies(messages.map(({ event }) => event)),
  }
}

/** Reads what {@link packLeases} wrote. */
export function unpackLeases({ leases, attempts, ...packed }: PackedLeases): LeasedMessage[] {
  return unpackBodies(packed).map((event, index) => ({
    lease: String(leases[index]),
    attempts: Number(attempts[index]),
    event,
  }))
}

/** Stored events on their way to a spool: numbers, keys and sizes as JSON, as the database gives them, and all bodies. */
export type PackedEvents = { seqs: string; keys: string; sizes: string; bodies: ArrayBuffer }

/** The events in their order. They share the memory. */
export function unpackEvents({ seqs, keys, sizes, bodies }: PackedEvents): StoredEvent[] {
  const numbers = JSON.parse(seqs) as number[]
  const names = JSON.parse(keys) as string[]
  return unpackBodies({ sizes: JSON.parse(sizes) as number[], bodies }).map((event, index) => ({
    seq: Number(numbers[index]),
    key: String(names[index]),
    event,
  }))
}
