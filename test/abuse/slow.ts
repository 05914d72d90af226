import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createLifetime } from '../chaos/owner.ts'
import { ready, start, stop, variables } from '../conformance/service.ts'
import { signed } from '../conformance/http.ts'

/**
 * What slow clients do to good ones, by hand: `npm run slow -- --clients 10000 --seconds 60`. Good traffic is measured alone, then
 * while so many connections are held in every half-way state there is; each that is cut is opened anew at once.
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    good: { type: 'string', default: '32' },
  },
})
const clients = Number(values.clients)
const seconds = Number(values.seconds)
const SECRET = 'signing-secret-of-slow'
const TOKEN = 'credential-of-slow'
const HEAD = 'POST /webhook/jelou HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** What a slow client sends, and then nothing more; `isDeaf`: it does not read the answers either. */
const KINDS: Record<string, { bytes: string; isDeaf?: true }> = {
  'half a line': { bytes: 'POST /webh' },
  'half the headers': { bytes: `${HEAD}Authorization: Bea` },
  'half the body': {
    bytes: `${HEAD}Authorization: Bearer ${TOKEN}\r\nContent-Length: 1000\r\n\r\n{"event":`,
  },
  'half the chunks': {
    bytes: `${HEAD}Authorization: Bearer ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"eve`,
  },
  'half the body, without credential': { bytes: `${HEAD}Content-Length: 1000\r\n\r\n{"event":` },
  nothing: { bytes: '' },
  'no reading': { bytes: 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20), isDeaf: true },
}

const directory = mkdtempSync(join(tmpdir(), 'slow-'))
const owner = createLifetime()
owner.teardown(() => rmSync(directory, { recursive: true }))
try {
  const service = await start(
    owner,
    variables(directory, { JELOU_SIGNING_SECRET: SECRET, WEBHOOK_AUTHORIZATION: TOKEN }),
  )
  await ready(service)
  const port = Number(new URL(service.publicUrl).port)
  const memory = () =>
    Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]) / 1024)

  await goodTraffic(port, 5)
  const alone = await goodTraffic(port, seconds / 2)
  const memoryAlone = memory()
  const held = hold(port)
  while (held.open() < clients * 0.95) await sleep(100)
  const besides = await goodTraffic(port, seconds)
  const memoryBesides = memory()
  held.end()
  const after = await goodTraffic(port, seconds / 2)
  const before = (alone.perSecond + after.perSecond) / 2
  const ratio = besides.perSecond / before
  console.log({ alone, besides, after, held: held.counts(), memoryAlone, memoryBesides })
  console.log(`${(ratio * 100).toFixed(1)} % of the throughput without them (of before and after)`)
  if (ratio < 0.9 || besides.failed > 0) process.exitCode = 1
  await stop(service)
} finally {
  await owner.end()
}

/** Keeps so many slow clients, in equal parts of every kind, until it is told to end. */
function hold(port: number) {
  const sockets = new Set<Socket>()
  let isOver = false
  let opened = 0
  const cut: Record<string, number> = {}
  const kinds = Object.entries(KINDS)

  function open(index: number): void {
    if (isOver) return
    const [name, { bytes, isDeaf }] = kinds[index % kinds.length] ?? ['', { bytes: '' }]
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (index % 50)}` })
    opened++
    socket.once('connect', () => sockets.add(socket))
    socket.on('error', () => {})
    socket.once('close', () => {
      sockets.delete(socket)
      cut[name] = (cut[name] ?? 0) + 1
      setTimeout(open, 100, index)
    })
    if (isDeaf) socket.pause()
    else socket.resume()
    socket.write(bytes)
  }
  for (let index = 0; index < clients; index++) setTimeout(open, index / 5, index)
  return {
    open: () => sockets.size,
    counts: () => ({ opened, cut }),
    end() {
      isOver = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Events one after another on each of some connections, as a busy Jelou sends them. */
async function goodTraffic(port: number, during: number) {
  const until = performance.now() + during * 1000
  const took: number[] = []
  let failed = 0
  const send = async (client: number) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let answered: ((text: string) => void) | undefined
    socket.on('data', chunk => answered?.(chunk.toString('latin1')))
    socket.on('close', () => answered?.('closed'))
    socket.on('error', () => {})
    for (let n = 0; performance.now() < until; n++) {
      const body = JSON.stringify({ event: 'good', client, n, at: performance.now(), text: 'x'.repeat(500) })
      const headers = Object.entries({
        ...signed(body, SECRET, TOKEN),
        'content-length': String(body.length),
      })
      const answer = new Promise<string>(resolve => (answered = resolve))
      const began = performance.now()
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      socket.write(`POST /webhook/jelou HTTP/1.1\r\nHost: x\r\n${lines}\r\n${body}`)
      const text = await answer
      if (text.startsWith('HTTP/1.1 200 ')) took.push(performance.now() - began)
      else {
        failed++
        break
      }
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: Number(values.good) }, (_, client) => send(client)))
  took.sort((a, b) => a - b)
  const at = (share: number) => Number((took[Math.floor(share * took.length)] ?? Number.NaN).toFixed(1))
  return { perSecond: Math.round(took.length / during), failed, medianMs: at(0.5), p99Ms: at(0.99) }
}
