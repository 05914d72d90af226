import { createHmac } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { makeBody, makeEvent } from './bodies.ts'
import type { Random } from './random.ts'
import { PATH, SECRET, TOKEN } from './webhook-rules.ts'

/** A request before it is written: texts are latin1. */
export type Draft = {
  method: string
  target: string
  version: string
  headers: [name: string, value: string][]
  body: string
  /** How the length of the body is told. */
  framing: 'length' | 'chunked' | 'none'
}

function signatureOf(body: string, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(Buffer.from(body, 'latin1')).digest('hex')}`
}

/** An event as Jelou sends it. */
export function goodDraft(random: Random, n: string): Draft {
  const body = makeEvent(random, n)
  return {
    method: 'POST',
    target: PATH,
    version: '1.1',
    headers: [
      ['Host', 'receiver.example'],
      ['Content-Type', 'application/json'],
      ['Authorization', `Bearer ${TOKEN}`],
      ['X-Jelou-Signature', signatureOf(body)],
    ],
    body,
    framing: random.chance(0.7) ? 'length' : 'chunked',
  }
}

type Change = (draft: Draft, random: Random, n: string) => void

/** What strangers try with a request that is well-formed: each changes one thing of a good one. */
const CHANGES: Record<string, Change> = {
  body(draft, random, n) {
    draft.body = makeBody(random, n)
    set(draft, 'X-Jelou-Signature', signatureOf(draft.body))
  },
  signature(draft, random) {
    const right = signatureOf(draft.body)
    const hex = right.slice('sha256='.length)
    const flip = (at: number) => hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1)
    const signatures = [
      signatureOf(`${draft.body} `),
      signatureOf(draft.body.slice(1)),
      signatureOf(''),
      signatureOf(draft.body, 'another secret'),
      signatureOf(draft.body, ''),
      `sha256=${flip(0)}`,
      `sha256=${flip(63)}`,
      `sha256=${hex.slice(0, 8)}${'0'.repeat(56)}`,
      right.slice(0, -1),
      `${right}0`,
      `${right}\t${right}`,
      `${right}, ${right}`,
      right.toUpperCase(),
      `sha1=${hex.slice(0, 40)}`,
      hex,
      '',
      'sha256=',
      `sha256=${'\xff'.repeat(64)}`,
      `sha256=${hex.slice(0, 63)}\xe9`,
      `sha256=${'٠'.repeat(32)}`,
      `sha256=${Buffer.from(hex, 'hex').toString('base64')}`,
      `sha256 =${hex}`,
    ].map(text => Buffer.from(text, text.includes('٠') ? 'utf8' : 'latin1').toString('latin1'))
    set(draft, 'X-Jelou-Signature', random.pick(signatures) ?? '')
  },
  'signature of the canonical form'(draft, random) {
    try {
      const text = Buffer.from(draft.body, 'latin1').toString()
      const canonical = Buffer.from(JSON.stringify(JSON.parse(text))).toString('latin1')
      set(draft, 'X-Jelou-Signature', signatureOf(canonical))
      if (random.chance(0.3)) draft.body = draft.body.replace('fuzz', 'f\xffzz')
    } catch {
      set(draft, 'X-Jelou-Signature', signatureOf(''))
    }
  },
  'body after signing'(draft, random) {
    const at = random.below(draft.body.length)
    const change = random.pick([' ', '0', '\0', '\xff', '"', '\n'])
    draft.body = draft.body.slice(0, at) + change + draft.body.slice(at + random.below(2))
  },
  credential(draft, random) {
    const credentials = [
      '',
      'Bearer',
      'Bearer ',
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Bearer ${TOKEN}x`,
      `Bearer x${TOKEN.slice(1)}`,
      `Bearer ${TOKEN.slice(0, -1)}x`,
      `Bearer ${TOKEN.toUpperCase()}`,
      `Bearer ${TOKEN} ${TOKEN}`,
      `Bearer ${TOKEN},Bearer x`,
      `Bearer  ${TOKEN}`,
      `bearer ${TOKEN}`,
      `Basic ${TOKEN}`,
      `Basic ${Buffer.from(`user:${TOKEN}`).toString('base64')}`,
      `Digest ${TOKEN}`,
      TOKEN,
      `Bearer ${TOKEN}\xa0`,
      `Bearer \xff${random.word(8)}`,
      `Bearer ${'x'.repeat(8_000)}`,
    ]
    set(draft, 'Authorization', random.pick(credentials) ?? '')
  },
  'missing header'(draft, random) {
    draft.headers.splice(random.below(draft.headers.length), 1)
  },
  'double header'(draft, random) {
    const [name, value] = random.pick(draft.headers) ?? ['Host', 'x']
    const other = random.chance(0.5) ? value : random.word(8)
    const double: [string, string] = [random.chance(0.5) ? name.toLowerCase() : name, other]
    if (random.chance(0.5)) draft.headers.push(double)
    else draft.headers.unshift(double)
  },
  'content type'(draft, random) {
    const types = [
      '',
      'text/plain',
      'application/json-seq',
      'application/x-www-form-urlencoded',
      'application/json; charset=utf-8',
      'APPLICATION/JSON',
      'application/json;',
      'application/json; charset=utf-16',
      'application/json, text/plain',
      'application/\xffjson',
      'application/json;a="',
    ]
    set(draft, 'Content-Type', random.pick(types) ?? '')
  },
  compressed(draft, random) {
    const encoding = random.pick(['gzip', 'deflate', 'br', 'identity', 'Identity', 'gzip, identity', 'x', ''])
    draft.headers.push(['Content-Encoding', encoding])
    if (!random.chance(0.5)) return
    draft.body = gzipSync(Buffer.from(draft.body, 'latin1')).toString('latin1')
    set(draft, 'X-Jelou-Signature', signatureOf(draft.body))
  },
  target(draft, random) {
    const targets = [
      '/',
      `${PATH}/`,
      `${PATH}?a=1&b`,
      `${PATH}#x`,
      `${PATH};x`,
      `/${PATH}`,
      PATH.toUpperCase(),
      '/webhook/%6aelou',
      '/webhook%2fjelou',
      '/webhook/../webhook/jelou',
      '/%zz',
      '/%00',
      '/webhook/jelou%',
      `http://elsewhere.example${PATH}`,
      'http://[',
      '*',
      '/healthz',
      '/readyz',
      '/__proto__',
      `/${random.word(5_000)}`,
      `${PATH}?${'a&'.repeat(2_000)}`,
      `${PATH}?__proto__[x]=1`,
    ]
    draft.target = random.pick(targets) ?? '/'
  },
  method(draft, random) {
    draft.method = random.pick([
      'GET',
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'QUERY',
      'POSTX',
      'post',
    ])
  },
  version(draft, random) {
    draft.version = random.pick(['1.0', '0.9', '2.0', '1.2', '3.0', '9.9'])
  },
  host(draft, random) {
    set(draft, 'Host', random.pick(['', '[', '@', 'a b', 'x:99999999', '\xff', '[::1]:x', 'x'.repeat(2_000)]))
  },
  expect(draft, random) {
    draft.headers.push(['Expect', random.pick(['100-continue', '100-Continue', '', 'x', '100-continue, x'])])
  },
  flood(draft, random) {
    const count = random.pick([50, 90, 97, 200, 2_000])
    for (let i = 0; i < count; i++) draft.headers.push([random.chance(0.5) ? 'x' : `x-${i}`, random.word(3)])
  },
  'long header'(draft, random) {
    draft.headers.push(['X-Long', random.word(random.pick([1_000, 10_000, 20_000]))])
  },
  'odd headers'(draft, random) {
    const odd: [string, string][] = [
      ['__proto__', 'x'],
      ['constructor', 'x'],
      ['hasOwnProperty', 'x'],
      ['X-Forwarded-For', '127.0.0.1, garbage'],
      ['Forwarded', 'for="_x"'],
      ['Transfer-encoding-', 'chunked'],
      ['Upgrade', 'h2c'],
      ['Connection', random.pick(['close', 'keep-alive', 'upgrade', 'close, keep-alive', 'x'])],
      [
        'Traceparent',
        random.pick(['00-x', '\xff', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, 'x'.repeat(3_000)]),
      ],
      ['Tracestate', '\xff=\t,,,='],
      ['Cookie', random.bytes(5).replaceAll(/[^ -~]/g, 'x')],
      ['Accept-Version', '1.x'],
      ['Range', 'bytes=0-'],
      ['X-HTTP-Method-Override', 'GET'],
    ]
    for (let i = 0; i < 3; i++) draft.headers.push(random.pick(odd) ?? ['x', 'x'])
  },
}

const CHANGE_NAMES = Object.keys(CHANGES)

/** A good request, or one with one or two things changed. */
export function makeDraft(random: Random, n: string): Draft {
  const draft = goodDraft(random, n)
  const count = random.pick([0, 1, 1, 1, 1, 1, 2])
  for (let i = 0; i < count; i++) CHANGES[random.pick(CHANGE_NAMES) ?? '']?.(draft, random, n)
  return draft
}

export function set({ headers }: Draft, name: string, value: string): void {
  for (const header of headers) if (header[0] === name) header[1] = value
}
