import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLifetime } from '../chaos/owner.ts'
import { ready, start, variables } from '../conformance/service.ts'
import { Random } from './random.ts'
import { cropped, mannWhitney, quantile, welch } from './statistics.ts'

/**
 * Whether how long a refusal takes tells how much of a credential or signature was right, by hand: `npm run timing -- --samples 50000`.
 * Two kinds that differ in their first or in their last byte alone are sent in random order over one connection, and the
 * times of both are compared as dudect does (Reparaz, Balasch, Verbauwhede 2017): below 4.5 they cannot be told apart. A third
 * pair shows that the measurement would see a difference: a body that is larger by some kilobytes.
 */
const { values } = parseArgs({
  options: { samples: { type: 'string', default: '50000' }, seed: { type: 'string', default: '1' } },
})
const samples = Number(values.samples)
const random = new Random(Number(values.seed))
const THRESHOLD = 4.5
const SECRET = 'signing-secret-of-the-timing'
const BODY = '{"event":"timing"}'
const RIGHT = 'credential-whose-bytes-are-guessed-one-by-one'
const SIGNATURE = createHmac('sha256', SECRET).update(BODY).digest('hex')

const changed = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
const flipped = (hex: string, at: number) =>
  hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1)
const basic = (text: string) => `Authorization: Basic ${Buffer.from(text).toString('base64')}`

/** The two kinds of each comparison, as the header that differs. */
type Pair = {
  name: string
  authType: string
  given: string
  kinds: [first: string, last: string]
  isControl?: true
}
const last = RIGHT.length - 1
const pairs: Pair[] = [
  {
    name: 'bearer',
    authType: 'bearer',
    given: RIGHT,
    kinds: [`Authorization: Bearer ${changed(RIGHT, 0)}`, `Authorization: Bearer ${changed(RIGHT, last)}`],
  },
  {
    name: 'api_key',
    authType: 'api_key',
    given: RIGHT,
    kinds: [`X-API-Key: ${changed(RIGHT, 0)}`, `X-API-Key: ${changed(RIGHT, last)}`],
  },
  {
    name: 'basic',
    authType: 'basic',
    given: `user:${RIGHT}`,
    kinds: [basic(`user:${changed(RIGHT, 0)}`), basic(`user:${changed(RIGHT, last)}`)],
  },
  {
    name: 'signature',
    authType: 'bearer',
    given: RIGHT,
    kinds: [flipped(SIGNATURE, 0), flipped(SIGNATURE, 63)].map(
      hex => `Authorization: Bearer ${RIGHT}\r\nX-Jelou-Signature: sha256=${hex}`,
    ) as [string, string],
  },
  {
    name: 'control: a header of 4 kB more',
    authType: 'bearer',
    given: RIGHT,
    kinds: [`Authorization: Bearer ${'x'.repeat(45)}`, `Authorization: Bearer ${'x'.repeat(4_045)}`],
    isControl: true,
  },
]

const directory = mkdtempSync(join(tmpdir(), 'timing-'))
const owner = createLifetime()
owner.teardown(() => rmSync(directory, { recursive: true }))
try {
  for (const pair of pairs) await compare(pair)
} finally {
  await owner.end()
}

async function compare({ name, authType, given, kinds, isControl }: Pair): Promise<void> {
  const home = mkdtempSync(join(directory, 'service-'))
  const service = await start(
    owner,
    variables(home, {
      JELOU_SIGNING_SECRET: SECRET,
      WEBHOOK_AUTH_TYPE: authType,
      WEBHOOK_AUTHORIZATION: given,
    }),
  )
  await ready(service)
  const ask = talker(Number(new URL(service.publicUrl).port))
  const requests = kinds.map(requestOf)
  const times: [number[], number[]] = [[], []]
  const warmUp = Math.min(5_000, samples / 5)
  for (let i = -warmUp; i < samples; i++) {
    const kind = random.below(2) as 0 | 1
    const took = await ask(requests[kind] ?? '')
    if (i >= 0) times[kind].push(took)
  }
  service.signal('SIGKILL')
  await service.exited
  report(name, times, isControl)
}

function report(name: string, [first, last]: [number[], number[]], isControl = false): void {
  const all = [...first, ...last]
  // With all, and without those that something else on the machine held up.
  const tests = [1, 0.99, 0.9, 0.5].flatMap(share => {
    const limit = quantile(all, share)
    const pair = [cropped(first, limit), cropped(last, limit)] as const
    return [welch(...pair), mannWhitney(...pair)]
  })
  const most = Math.max(...tests.map(Math.abs))
  const isSeen = most > THRESHOLD
  const medians = [first, last].map(times => `${(quantile(times, 0.5) * 1000).toFixed(2)} µs`).join(' and ')
  const verdict = isSeen ? 'can be told apart' : 'cannot be told apart'
  console.log(
    `${name}: medians ${medians}, ${first.length} and ${last.length} samples, at most ${most.toFixed(2)}: ${verdict}`,
  )
  if (isSeen !== isControl) process.exitCode = 1
}

function requestOf(header: string): string {
  const lines = [
    'POST /webhook/jelou HTTP/1.1',
    'Host: x',
    'Content-Type: application/json',
    `Content-Length: ${BODY.length}`,
    header,
  ]
  return `${lines.join('\r\n')}\r\n\r\n${BODY}`
}

/** Sends a request on a connection that stays, and resolves with how long its answer took, in ms. */
function talker(port: number): (request: string) => Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let answered: (() => void) | undefined
  socket.on('data', chunk => {
    const text = chunk.toString('latin1')
    if (!text.startsWith('HTTP/1.1 401')) throw new Error(`not refused: ${text}`)
    answered?.()
  })
  return async request => {
    const answer = new Promise<void>(resolve => (answered = resolve))
    const began = performance.now()
    socket.write(request, 'latin1')
    await answer
    return performance.now() - began
  }
}
