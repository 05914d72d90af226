import type { z } from 'zod'
import { StateCorruptError } from '../errors.ts'
import type { Seal } from './seal.ts'
import type { StateBackend } from './types.ts'

/** The kept state as its users see it: one checked value. */
export interface Store<T> {
  /**
   * What is kept, null when nothing is. A record that is not sealed with the current key is saved again at once.
   * Throws StateCorruptError, StateKeyError or StateUnavailableError; nothing is changed then.
   */
  load(): Promise<T | null>
  /** Replaces what is kept; resolves once it is synced. Throws StateUnavailableError or StateCorruptError. */
  save(value: T): Promise<void>
  /** Closes the backend; idempotent. */
  close(): Promise<void>
}

/** Keeps values of the schema, as JSON, sealed, in the backend. */
export function createStore<T>(options: {
  backend: StateBackend
  seal: Seal
  schema: z.ZodType<T>
}): Store<T> {
  const { backend, seal, schema } = options

  function parse(content: Buffer): T {
    let json: unknown
    try {
      json = JSON.parse(content.toString())
    } catch {
      // No cause: the parser's message quotes the text, which holds the secret.
      throw new StateCorruptError(backend.location, 'its record is not JSON')
    }
    const result = schema.safeParse(json)
    if (result.success) return result.data
    const wrong = result.error.issues.map(issue => issue.path.join('.') || 'the whole')
    throw new StateCorruptError(backend.location, `its record is wrong at: ${wrong.join(', ')}`)
  }

  return {
    async load() {
      const record = await backend.read()
      if (record === null) return null
      const { content, current } = seal.unseal(record)
      const value = parse(content)
      if (!current) await backend.write(seal.seal(content))
      return value
    },
    save: value => backend.write(seal.seal(Buffer.from(JSON.stringify(value)))),
    close: () => backend.close(),
  }
}
