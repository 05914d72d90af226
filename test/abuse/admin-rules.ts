import { headSize, isSound, TOKEN, type Verdict } from './webhook-rules.ts'
import { valuesOf, type ModelRequest } from './http-model.ts'
import type { Draft } from './requests.ts'
import type { Random } from './random.ts'
import { write } from './wire.ts'

/** The private listener with a token, or without one, on the loopback. */
export type Door = 'token' | 'loopback'

/** Calls that answer at once and change nothing: `/events` would go on for ever. */
const GETS = ['/status', '/metrics', '/rejected', '/queue/stats', '/queue/dead', '/', '/openapi/public.json']
const POSTS: [path: string, body: string][] = [
  ['/queue/ack', '{"leases":[]}'],
  ['/queue/nack', '{"leases":["unknown"]}'],
  ['/queue/dead/redrive', '{}'],
]

/** Whether the private listener may do what is asked: only for who has the token, or calls by a loopback name from no foreign page. */
export function judgeAdmin(door: Door): (request: ModelRequest) => Verdict {
  return request => {
    const { method, target } = request
    if (!isSound(request) || !(door === 'token' ? hasToken(request) : isOfThisMachine(request)))
      return { isTaken: 'never' }
    const [type] = valuesOf(request, 'content-type')
    // What a foreign page can send without being asked for permission.
    const isSimple = !/^application\/json[ \t]*(;|$)/i.test(type ?? '')
    if (method !== 'GET' && request.body !== '' && isSimple) return { isTaken: 'never' }
    const isKnown = method === 'GET' ? target === '/status' : target === '/queue/ack'
    const isPlain =
      isKnown &&
      (method === 'GET' ? request.body === '' : method === 'POST' && request.body === POSTS[0]?.[1]) &&
      request.isStrict &&
      request.version === '1.1' &&
      request.headers.every(
        ([name, value]) => PLAIN.test(name) || (name === 'content-type' && value === JSON_TYPE),
      ) &&
      new Set(request.headers.map(([name]) => name)).size === request.headers.length &&
      (door === 'token'
        ? /^bearer/i.test(valuesOf(request, 'authorization')[0] ?? '')
        : /^(?:localhost|127\.0\.0\.1)$/.test(valuesOf(request, 'host')[0] ?? '')) &&
      headSize(request) < 15_000
    return { isTaken: isPlain ? 'must' : 'may' }
  }
}

const JSON_TYPE = 'application/json'
const PLAIN = /^(?:host|authorization|content-length|transfer-encoding)$/

function hasToken(request: ModelRequest): boolean {
  return valuesOf(request, 'authorization').some(value => {
    const [, scheme = '', text = ''] = /^(bearer|basic) +(\S+)$/i.exec(value) ?? []
    if (scheme.toLowerCase() === 'bearer') return text === TOKEN
    // The page takes it as a password.
    return (
      Buffer.from(text, 'base64')
        .toString('latin1')
        .replace(/^[^:]*:/, '') === TOKEN
    )
  })
}

function isOfThisMachine(request: ModelRequest): boolean {
  const [host = ''] = valuesOf(request, 'host')
  if (!/^(?:localhost|127(?:\.\d+){3}|\[::1\]|\[::ffff:(?:127\.|7f)[^\]]*\])(?::.*)?$/i.test(host))
    return false
  // Reading the page is another site's as well, but not the answer: the browser keeps that from it.
  return request.method === 'GET' || valuesOf(request, 'origin').every(origin => origin === `http://${host}`)
}

/** A call of the private listener, as its owner makes it or as somebody else does. */
export function adminCall(door: Door): (random: Random) => string {
  return random => {
    const draft = goodCall(random)
    if (door === 'token') draft.headers.push(['Authorization', `Bearer ${TOKEN}`])
    const changes = [0, 1, 1, 1, 2]
    for (let i = random.pick(changes) ?? 0; i > 0; i--) change(draft, random)
    return write(draft, random)
  }
}

function goodCall(random: Random): Draft {
  const [target, body] = random.chance(0.5)
    ? [random.pick(GETS) ?? '/', '']
    : (random.pick(POSTS) ?? ['/', ''])
  const isGet = body === ''
  return {
    method: isGet ? 'GET' : 'POST',
    target,
    version: '1.1',
    headers: [['Host', '127.0.0.1'], ...(isGet ? [] : [['Content-Type', JSON_TYPE] as [string, string]])],
    body,
    framing: isGet ? 'none' : random.chance(0.7) ? 'length' : 'chunked',
  }
}

const VALUES: Record<string, readonly string[]> = {
  Host: [
    'attacker.example',
    '127.0.0.1.attacker.example',
    'localhost.attacker.example',
    'localhost',
    'LOCALHOST',
    'localhost:3001',
    '[::1]:3001',
    '[::ffff:127.0.0.1]',
    '[',
    '',
    '0x7f.1',
    '127.0.0.1@attacker.example',
    'attacker.example:127.0.0.1',
    'localhost\xa0',
    '0.0.0.0',
    '2130706433',
  ],
  Origin: [
    'http://attacker.example',
    'null',
    'http://127.0.0.1',
    'https://127.0.0.1',
    'http://127.0.0.1:1',
    '',
    '\xff',
  ],
  Authorization: [
    '',
    'Bearer',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `bearer  ${TOKEN}`,
    `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`,
    `Basic ${Buffer.from(TOKEN).toString('base64')}`,
    'Basic !!!',
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${'x'.repeat(9_000)}`,
    '\xff',
  ],
  'Content-Type': [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-8',
    'application/jsonp',
    '',
    '\xff',
    'text/plain;application/json',
  ],
  'Sec-Fetch-Site': ['cross-site', 'same-origin', 'none', ''],
  'X-Forwarded-Host': ['127.0.0.1', 'localhost'],
  'X-Forwarded-For': ['127.0.0.1', 'garbage'],
  Cookie: ['a=b', '\xff'],
  Expect: ['100-continue', 'x'],
  Connection: ['close', 'upgrade', 'keep-alive'],
}

const BODIES = [
  '',
  '{',
  '[]',
  'null',
  '{"leases":["__proto__"]}',
  '{"__proto__":{"leases":[]}}',
  '{"leases":9007199254740993}',
  '{"leases":[],"leases":[]}',
  `{"leases":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
  '{"leases":["\xff"]}',
  '{"leases":[null]}',
  `{"leases":["${'x'.repeat(5_000)}"]}`,
  '{"seqs":[-1]}',
  '{"max":1e400}',
  'csrf=x&seq=',
]

function change(draft: Draft, random: Random): void {
  const name =
    random.pick([...Object.keys(VALUES), 'Host', 'Origin', 'Authorization', 'body', 'target', 'method']) ?? ''
  const value = random.pick(VALUES[name] ?? [''])
  if (name === 'body') draft.body = random.pick(BODIES) ?? ''
  else if (name === 'target')
    draft.target =
      random.pick([
        '/redrive',
        '/queue/nack?x',
        '/nothing',
        '/%zz',
        '//status',
        '/status/',
        '/queue/dead?after=x',
        '/queue/dead?limit=1e9',
        '/assets/../status',
        '/?redriven=<script>',
        'http://127.0.0.1/status',
        '/registration/rotate?x',
      ]) ?? '/'
  else if (name === 'method')
    draft.method = random.pick(['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) ?? 'PUT'
  else if (random.chance(0.8)) {
    draft.headers = draft.headers.filter(([other]) => other !== name)
    if (random.chance(0.9)) draft.headers.push([name, value ?? ''])
  } else draft.headers.push([name, value ?? ''])
}
