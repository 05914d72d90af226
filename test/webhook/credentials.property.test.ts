import * as fc from 'fast-check'
import t from 'tap'
import { credentialCheck, repeatedHeader } from '../../src/webhook/credentials.ts'
import { holds } from '../fixtures/property.ts'

/** What `WEBHOOK_AUTHORIZATION` may be: printable ASCII without spaces. */
const token = fc.stringMatching(/^[\x21-\x7e]{1,60}$/)
/** What is registered at Jelou may be more than that: any text. */
const anyText = fc.string({ unit: 'binary', minLength: 1 }).filter(text => text.isWellFormed())
const inAnyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map(upper =>
      Array.from(text, (letter, at) => (upper[at] ? letter.toUpperCase() : letter.toLowerCase())).join(''),
    )
/** Headers of these names as Node gives them: names and values in turn. */
const raw = (names: string[]) => names.flatMap(name => [name, 'value'])
const base64 = (text: string) => Buffer.from(text).toString('base64')

void t.test('bearer: the token in its one form, and nothing else', t =>
  holds(
    t,
    fc.property(
      token,
      token,
      inAnyCase('bearer'),
      fc.integer({ min: 1, max: 5 }),
      (right, other, scheme, spaces) => {
        const check = credentialCheck([{ authType: 'bearer', authorization: right }])
        const header = (value: string) => ({ authorization: `${scheme}${' '.repeat(spaces)}${value}` })
        return (
          check(header(right)) &&
          check(header(other)) === (other === right) &&
          !check(header(`${right}${other}`)) &&
          !check({ authorization: right }) &&
          !check({ 'x-api-key': right })
        )
      },
    ),
  ),
)

void t.test('api_key: the key as it is, in its own header', t =>
  holds(
    t,
    fc.property(anyText, anyText, (right, other) => {
      const check = credentialCheck([{ authType: 'api_key', authorization: right }])
      return (
        check({ 'x-api-key': right }) &&
        check({ 'x-api-key': other }) === (other === right) &&
        !check({ authorization: right }) &&
        !check({ authorization: `Bearer ${right}` })
      )
    }),
  ),
)

void t.test('basic: user and password of any characters, in base64, with colons in the password', t =>
  holds(
    t,
    fc.property(anyText, anyText, anyText, inAnyCase('basic'), (user, password, other, scheme) => {
      const right = `${user}:${password}`
      const check = credentialCheck([{ authType: 'basic', authorization: right }])
      const encoded = `${scheme} ${base64(right)}`
      return (
        check({ authorization: encoded }) &&
        check({ authorization: `${scheme} ${base64(`${user}:${other}`)}` }) === (other === password) &&
        !check({ authorization: `Bearer ${base64(right)}` }) &&
        !check({ authorization: `${encoded}${encoded}` })
      )
    }),
  ),
)

void t.test('any of several credentials passes, each in its own place', t =>
  holds(
    t,
    fc.property(
      fc.uniqueArray(token, { minLength: 3, maxLength: 3 }),
      ([first = '', second = '', third = '']) => {
        const check = credentialCheck([
          { authType: 'bearer', authorization: first },
          { authType: 'api_key', authorization: second },
        ])
        return (
          check({ authorization: `Bearer ${first}` }) &&
          check({ 'x-api-key': second }) &&
          !check({ authorization: `Bearer ${second}`, 'x-api-key': first }) &&
          !check({ authorization: `Bearer ${third}`, 'x-api-key': third })
        )
      },
    ),
  ),
)

void t.test(
  'a header of ours that stands twice is found in any case and at any place, and no other is',
  t => {
    const guarded = fc.constantFrom('Authorization', 'X-API-Key', 'X-Jelou-Signature', 'Content-Type')
    const others = fc.uniqueArray(fc.stringMatching(/^Z-[a-z]{1,8}$/), { maxLength: 5 })
    return holds(
      t,
      fc.property(
        guarded.chain(name => fc.tuple(inAnyCase(name), inAnyCase(name))),
        others,
        fc.nat(),
        (names, more, at) => {
          const [one, two] = names
          const once = more.toSpliced(at % (more.length + 1), 0, one)
          return (
            repeatedHeader(raw([...once, ...more])) === undefined &&
            repeatedHeader(raw([...once, two])) === one.toLowerCase()
          )
        },
      ),
    )
  },
)
