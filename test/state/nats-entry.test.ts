import t from 'tap'
import { decodeEntry, decodeMembers, encodeEntry } from '../../src/state/nats-entry.ts'

void t.test('an entry comes back', async t => {
  for (const record of [null, Buffer.alloc(0), Buffer.from('a\nb'), Buffer.from([0, 255, 10])]) {
    const entry = { fence: 7, until: 1234, record }
    t.same(decodeEntry(encodeEntry(entry), 'here'), entry)
  }
})

void t.test('what is not an entry is named, and not quoted', async t => {
  const cases = [
    '',
    'top-secret',
    'top-secret\n',
    '{"fence":"top-secret"}\n',
    '{"fence":-1,"until":0,"kept":true}\n',
  ]
  for (const text of cases) {
    for (const decode of [decodeEntry, decodeMembers]) {
      const decoding = () => decode(Buffer.from(text), 'the-entry')
      const error = { code: 'ERR_STATE_CORRUPT', message: /the-entry(?!.*top-secret)/, cause: undefined }
      t.throws(decoding, error, text)
    }
  }
})
