import type { Random } from './random.ts'

/** Bodies as latin1, one character for each byte; `n` makes each another one. */
type Make = (random: Random, n: string) => string

const utf8 = (text: string) => Buffer.from(text).toString('latin1')
const event = (more: string, n: string) => `{"event":"fuzz","n":"${n}"${more}}`

/** Events, most of them with something in them that breaks careless code. */
const EVENTS: Record<string, Make> = {
  plain: (_random, n) => event('', n),
  message: (random, n) =>
    `{"event_type":"message","timestamp":1776134278574,"project_id":"p","room_id":"r${random.below(50)}","value":{"id":"${n}","type":"text","content":{"body":"${random.word(random.below(200))}"}}}`,
  unicode: (random, n) =>
    utf8(
      event(`,"${random.pick(['é', '日本', '👍', '\u2028'])}":"\u0000é👍"`.replace('\u0000', '\\u0000'), n),
    ),
  'lone surrogates': (_random, n) => event(',"a":"\\ud83d","b":"\\udc00\\ud800"', n),
  __proto__: (_random, n) =>
    event(',"__proto__":{"event":"polluted","x":1},"constructor":{"prototype":{"y":1}}', n),
  'numbers beyond 2^53': (_random, n) =>
    event(',"room_id":9007199254740993,"a":[1e400,-0,12345678901234567890.10,1E-400]', n),
  'duplicate keys': (_random, n) => `{"event":"first","event":"second","n":"${n}","n":"${n}"}`,
  deep: (random, n) => {
    const depth = 1 + random.below(20_000)
    return event(`,"deep":${'['.repeat(depth)}${']'.repeat(depth)}`, n)
  },
  wide: (random, n) => event(`,"wide":[${'0,'.repeat(random.below(5_000))}0]`, n),
  spaced: (_random, n) => `\n{ "event" :\t"spaced" , "n" : "${n}" }\r\n`,
  huge: (random, n) => event(`,"huge":"${'x'.repeat(random.below(60_000))}"`, n),
  'odd names': (random, n) =>
    event(
      `,"timestamp":${random.pick(['-1', '1e300', '"x"', 'null', '0.5'])},"room_id":${random.pick(['""', 'null', '{}', '1e400', '"\\u0000"'])}`,
      n,
    ),
}

/** What is no event, whoever signed it. */
const OTHERS: Record<string, Make> = {
  empty: () => '',
  'not an object': random => random.pick(['null', '[]', '1', '"event"', '[{"event":"x"}]', 'true']),
  nameless: (random, n) =>
    `{"n":"${n}",${random.pick(['"event":1', '"event":""', '"Event":"x"', '"__proto__":{"event":"x"}'])}}`,
  'cut off': (_random, n) => event('', n).slice(0, -1),
  'not JSON': (random, n) =>
    random.pick([`event=fuzz&n=${n}`, `{event:'${n}'}`, `<event>${n}</event>`, `{"event":"a"}${n}`]),
  'byte order mark': (_random, n) => utf8(`\ufeff${event('', n)}`),
  'invalid UTF-8': (random, n) =>
    event(`,"a":"${random.pick(['\xff', '\xc0\xaf', '\xed\xa0\x80', '\xf5\x80\x80\x80', '\xe2\x82'])}"`, n),
  'UTF-16': (_random, n) => Buffer.from(event('', n), 'utf16le').toString('latin1'),
  nul: (_random, n) => event('', n).replace('fuzz', 'fu\0zz'),
  'nul behind': (_random, n) => `${event('', n)}\0`,
  'too large': (random, n) => event(`,"huge":"${'x'.repeat(65_536 + random.below(3))}"`, n),
  bytes: random => random.bytes(1 + random.below(300)),
}

export function makeEvent(random: Random, n: string): string {
  const [make] = [random.pick(Object.values(EVENTS))]
  return make ? make(random, n) : ''
}

/** An event or something else; the latter rarely. */
export function makeBody(random: Random, n: string): string {
  if (random.chance(0.75)) return makeEvent(random, n)
  return random.pick(Object.values(OTHERS))?.(random, n) ?? ''
}
