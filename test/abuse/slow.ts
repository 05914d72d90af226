import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { usageOf } from '../bench/process-usage.ts'
import { createLifetime, type Lifetime } from '../chaos/owner.ts'
import { signed } from '../conformance/http.ts'
import { ready, start, stop, variables } from '../conformance/service.ts'

/**
 * What slow clients do to good ones, by hand: `npm run slow -- --clients 10000 --seconds 20 --rounds 3`. They take from the machine whomever they
 * hold on to, so in each round good traffic is measured alone, while so many connections in every half-way state there is are held at a
 * server of Node's own beside the service, and while they are held at the service. What the service itself loses is the last beside the second.
 */
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    good: { type: 'string', default: '32' },
  },
})
const seconds = Number(values.seconds)
const SECRET = 'signing-secret-of-slow'
const TOKEN = 'credential-of-slow'
const PHASES = ['alone', 'beside', 'attacked'] as const

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
  const bare = program(owner, 'bare-server.ts')
  const [barePort] = (await once(bare, 'message')) as [number]

  await goodTraffic(port, 5)
  const found: Record<(typeof PHASES)[number], Awaited<ReturnType<typeof phase>>>[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const alone = await phase(undefined)
    const beside = await phase(barePort)
    const attacked = await phase(port)
    found.push({ alone, beside, attacked })
    console.table({ alone, beside, attacked })
  }
  const own = median(found.map(({ beside, attacked }) => attacked.perSecond / beside.perSecond))
  const all = median(found.map(({ alone, attacked }) => attacked.perSecond / alone.perSecond))
  const cost = median(
    found.map(({ beside, attacked }) => attacked.service - (attacked.perSecond * beside.cpuUs) / 1e6),
  )
  const failed = found.reduce((sum, round) => sum + round.attacked.failed, 0)
  console.log(`${percent(own)} of what it takes beside a bare server under the same attack: its own loss`)
  console.log(`${percent(all)} of what it takes alone: with what the attack takes from the machine`)
  console.log(`${percent(cost)} of a processor is what the attack costs the service`)
  if (own < 0.9 || failed > 0) process.exitCode = 1
  await stop(service)

  /** Good traffic to the service, while slow clients are held at this port. `service`, `bare`, `attacker`: their shares of a processor. */
  async function phase(attacked: number | undefined) {
    const lifetime = createLifetime(owner)
    const attacker = attacked === undefined ? undefined : await holdSlowClients(lifetime, attacked)
    await quiet(attacked === barePort ? bare.pid : service.pid)
    const pids = [service.pid, bare.pid, attacker?.pid]
    const before = pids.map(pid => usageOf(pid).cpu)
    const good = await goodTraffic(port, seconds)
    const shares = pids.map((pid, index) => (usageOf(pid).cpu - Number(before[index])) / seconds)
    const counts = attacker && (await askedFor(attacker))
    const memory = Math.round(usageOf(service.pid).rss)
    await lifetime.end()
    const [ours = 0, bares, attackers] = shares.map(share => Number(share.toFixed(2)))
    const cpuUs = Math.round((ours / good.perSecond) * 1e6)
    return { ...good, cpuUs, service: ours, bare: bares, attacker: attackers, memory, ...counts }
  }
} finally {
  await owner.end()
}

async function holdSlowClients(lifetime: Lifetime, at: number) {
  const attacker = program(lifetime, 'slow-clients.ts', [`${at}`, values.clients, TOKEN])
  await once(attacker, 'message')
  return attacker
}

/** Until what slow clients asked for before they were slow is answered. */
async function quiet(pid: number | undefined): Promise<void> {
  for (let used = 1; used > 0.3;) {
    const before = usageOf(pid).cpu
    await sleep(1_000)
    used = usageOf(pid).cpu - before
  }
}

/** How many it holds, and how many were cut. */
async function askedFor(attacker: ChildProcess): Promise<object> {
  attacker.send('count')
  const [counts] = (await once(attacker, 'message')) as [object]
  return counts
}

function program(lifetime: Lifetime, name: string, args: string[] = []) {
  const child = fork(join(import.meta.dirname, 'fixtures', name), args)
  const exited = once(child, 'exit')
  lifetime.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return child
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`
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
