import type { z } from 'zod'
import { StateCorruptError, StateFencedError } from '../errors.ts'
import { withLock } from './lock.ts'
import type { Seal } from './seal.ts'
import type { StateBackend } from './types.ts'

/** The kept state as its users see it: one checked value. */
export interface Store<T> {
  /**
   * What is kept, null when nothing is. A record that is not sealed with the current key is sealed again at once, unless
   * somebody holds the lock. Throws StateCorruptError, StateKeyError or the backend's errors; nothing is changed then.
   */
  load(): Promise<T | null>
  /** Replaces what is kept, under the lock whose fence it is. Throws as StateBackend.write does. */
  save(value: T, fence: number): Promise<void>
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

  /** With a fence, what is not sealed with the current key is sealed again. */
  async function open(fence?: number): Promise<{ value: T; current: boolean } | null> {
    const record = await backend.read()
    if (record === null) return null
    const { content, current } = seal.unseal(record)
    const value = parse(content)
    if (!current && fence !== undefined) await backend.write(seal.seal(content), fence)
    return { value, current }
  }

  return {
    async load() {
      let found = await open()
      if (found?.current === false) {
        try {
          // Read again under the lock, because somebody may have saved since.
          found = await withLock(backend, { wait: 0 }, held => open(held.fence))
        } catch (error) {
          if (!(error instanceof StateFencedError)) throw error
        }
      }
      return found === null ? null : found.value
    },
    save: (value, fence) => backend.write(seal.seal(Buffer.from(JSON.stringify(value))), fence),
    close: () => backend.close(),
  }
}
