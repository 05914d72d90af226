import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { StateCorruptError, StateKeyError } from '../errors.ts'

// A record is "JLS", the format's version, whether it is sealed, then the content; if sealed: key id, IV, tag, ciphertext.
const PLAIN = Buffer.from('JLS\x01\x00', 'latin1')
const SEALED = Buffer.from('JLS\x01\x01', 'latin1')
const KEY_ID = 8
const IV = 12
const TAG = 16

/** What a record held; `current` is false when it should be sealed again: it was plain, or under an older key. */
export type Unsealed = { content: Buffer; current: boolean }

/** Turns the content of the kept state into the record that is stored, and back. */
export type Seal = {
  seal(content: Buffer): Buffer
  /** Throws StateKeyError when the key is missing or another one, StateCorruptError when the record was altered. */
  unseal(record: Buffer): Unsealed
}

/**
 * AES-256-GCM with a random IV; the header and the project id are authenticated too, so a record cannot be moved to
 * another project. The first of the 32-byte keys encrypts, all decrypt. Without a key the record is plain but versioned.
 * `location` names the record in errors.
 */
export function createSeal(options: { keys: readonly Buffer[]; projectId: string; location: string }): Seal {
  const { projectId, location } = options
  const keys = options.keys.map(key => ({ key, header: Buffer.concat([SEALED, keyId(key)]) }))
  const [first] = keys
  const associated = (header: Buffer): Buffer => Buffer.concat([header, Buffer.from(projectId)])

  return {
    seal(content) {
      if (first === undefined) return Buffer.concat([PLAIN, content])
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', first.key, iv, { authTagLength: TAG })
      cipher.setAAD(associated(first.header))
      const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
      return Buffer.concat([first.header, iv, cipher.getAuthTag(), encrypted])
    },

    unseal(record) {
      const start = record.subarray(0, PLAIN.length)
      if (start.equals(PLAIN)) {
        return { content: record.subarray(PLAIN.length), current: first === undefined }
      }
      if (!start.equals(SEALED)) throw new StateCorruptError(location, 'its record has an unknown format')
      if (first === undefined) {
        throw new StateKeyError(location, 'it is encrypted and STATE_ENCRYPTION_KEY is not set')
      }
      const header = record.subarray(0, first.header.length)
      const used = keys.find(key => key.header.equals(header))
      if (used === undefined) {
        throw new StateKeyError(location, 'STATE_ENCRYPTION_KEY does not have the key that encrypted it')
      }
      try {
        const ivEnd = header.length + IV
        const decipher = createDecipheriv('aes-256-gcm', used.key, record.subarray(header.length, ivEnd), {
          authTagLength: TAG,
        })
        decipher.setAAD(associated(header))
        decipher.setAuthTag(record.subarray(ivEnd, ivEnd + TAG))
        const content = Buffer.concat([decipher.update(record.subarray(ivEnd + TAG)), decipher.final()])
        return { content, current: used === first }
      } catch (cause) {
        throw new StateCorruptError(location, 'its record was altered, or is of another project', { cause })
      }
    },
  }
}

/** Tells which key sealed a record without telling anything of the key. */
function keyId(key: Buffer): Buffer {
  return createHash('sha256').update('jelou-receiver state key id\0').update(key).digest().subarray(0, KEY_ID)
}
