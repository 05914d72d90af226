import t from 'tap'
import { matchesAny, secretDigest } from '../src/secret-digest.ts'

t.test('matchesAny', async t => {
  const secrets = ['first', 'sécret'].map(secretDigest)
  t.equal(matchesAny('first', secrets), true)
  t.equal(matchesAny('sécret', secrets), true)
  t.equal(matchesAny('firs', secrets), false)
  t.equal(matchesAny('', secrets), false)
  t.equal(matchesAny('first', []), false)
})
