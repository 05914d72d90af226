import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createSeal, type Seal } from '../../src/state/seal.ts'

const content = Buffer.from('{"secret":"the-secret"}')
const oldKey = randomBytes(32)
const newKey = randomBytes(32)

function sealWith(keys: Buffer[], projectId = 'p'): Seal {
  return createSeal({ keys, projectId, location: 'the-file' })
}

void t.test('opens what it sealed, and says what to seal again', async t => {
  const cases = [
    { name: 'plain, no key', by: [], to: [], current: true },
    { name: 'plain, a key is set now', by: [], to: [newKey], current: false },
    { name: 'sealed, same key', by: [newKey], to: [newKey], current: true },
    { name: 'sealed, key list rotated', by: [oldKey], to: [newKey, oldKey], current: false },
    { name: 'sealed, by the first of several', by: [newKey, oldKey], to: [newKey], current: true },
  ]
  for (const { name, by, to, current } of cases) {
    t.same(sealWith(to).unseal(sealWith(by).seal(content)), { content, current }, name)
  }
})

void t.test('a sealed record shows nothing and never repeats', async t => {
  const seal = sealWith([newKey])
  const record = seal.seal(content)
  t.notOk(record.includes('secret'))
  t.notSame(record, seal.seal(content))
})

void t.test('refuses what it cannot trust', async t => {
  const record = sealWith([newKey]).seal(content)
  const altered = (index: number): Buffer => {
    const copy = Buffer.from(record)
    copy[index] = (copy[index] ?? 0) ^ 1
    return copy
  }
  const cases = [
    { name: 'no key', seal: sealWith([]), record, code: 'ERR_STATE_KEY', message: /is not set/ },
    {
      name: 'another key',
      seal: sealWith([oldKey]),
      record,
      code: 'ERR_STATE_KEY',
      message: /does not have/,
    },
    { name: 'another key id', record: altered(5), code: 'ERR_STATE_KEY' },
    { name: 'another project', seal: sealWith([newKey], 'q'), record, code: 'ERR_STATE_CORRUPT' },
    { name: 'altered iv', record: altered(13), code: 'ERR_STATE_CORRUPT' },
    { name: 'altered tag', record: altered(25), code: 'ERR_STATE_CORRUPT' },
    { name: 'altered ciphertext', record: altered(record.length - 1), code: 'ERR_STATE_CORRUPT' },
    { name: 'cut ciphertext', record: record.subarray(0, -1), code: 'ERR_STATE_CORRUPT' },
    { name: 'cut tag', record: record.subarray(0, 30), code: 'ERR_STATE_CORRUPT' },
    { name: 'cut iv', record: record.subarray(0, 13), code: 'ERR_STATE_CORRUPT' },
    { name: 'a later format', record: altered(3), code: 'ERR_STATE_CORRUPT', message: /unknown format/ },
    { name: 'empty', record: Buffer.alloc(0), code: 'ERR_STATE_CORRUPT', message: /unknown format/ },
  ]
  for (const { name, seal = sealWith([newKey]), record, ...error } of cases) {
    t.throws(() => seal.unseal(record), { message: /the-file/, ...error }, name)
  }
})
