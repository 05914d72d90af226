import t from 'tap'
import { causes, untrusted } from '../../../src/queue/drivers/causes.ts'

void t.test('an error and what caused it', t => {
  const [root, other] = [new Error('root'), new Error('other')]
  const all = new AggregateError([other, null, 'text'], 'all', { cause: root })
  t.same(
    causes(new Error('top', { cause: all })).map(({ message }) => message),
    ['top', 'all', 'other', 'root'],
  )
  t.same(causes('text'), [])
  t.end()
})

void t.test('a certificate that is not trusted', t => {
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_HAS_EXPIRED',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])
    t.equal(untrusted(new Error('', { cause: Object.assign(new Error(), { code }) })), code)
  t.equal(untrusted(Object.assign(new Error(), { code: 'ECONNREFUSED' })), undefined)
  t.equal(untrusted(new Error()), undefined)
  t.end()
})
