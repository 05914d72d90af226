import { z } from 'zod'
import { StateCorruptError } from '../errors.ts'

const headSchema = z.object({ fence: z.int().min(0), until: z.number(), kept: z.boolean() })
const membersSchema = z.record(z.string(), z.object({ value: z.string(), until: z.number() }))

/** The lock and the record of a project; `until` is when the lease ends, in ms since the epoch by the server's clock. */
export type Entry = { fence: number; until: number; record: Uint8Array | null }

/** The replicas by their names, each with what it announced and until when that holds, in ms as above. */
export type Members = z.infer<typeof membersSchema>

/** One line of JSON, then the bytes of the record. */
export function encodeEntry({ fence, until, record }: Entry): Buffer {
  const head = JSON.stringify({ fence, until, kept: record !== null })
  return Buffer.concat([Buffer.from(`${head}\n`), record ?? Buffer.alloc(0)])
}

/** Throws StateCorruptError; `location` names the entry. */
export function decodeEntry(bytes: Uint8Array, location: string): Entry {
  const end = bytes.indexOf(0x0a)
  const { fence, until, kept } = parse(headSchema, bytes.subarray(0, end), location)
  return { fence, until, record: kept ? bytes.subarray(end + 1) : null }
}

/** Throws StateCorruptError; `location` names the entry. */
export function decodeMembers(bytes: Uint8Array, location: string): Members {
  return parse(membersSchema, bytes, location)
}

function parse<T>(schema: z.ZodType<T>, bytes: Uint8Array, location: string): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch {
    // No cause: the parser's message quotes the text.
    throw new StateCorruptError(location, 'an entry is not what was written')
  }
}
