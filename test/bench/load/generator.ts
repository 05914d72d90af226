import { closeSync, openSync, readSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createHistogram, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

/**
 * Sends the requests of a file as they are, as a process of its own, and prints what was answered as JSON. Without `--rate` each
 * connection sends the next one when the one before is answered. With it so many a second become due, whatever the answers do:
 * one for which no connection is free waits, and its latency counts from when it was due (no coordinated omission). What waits at the
 * end is sent yet. With `--overload` it is not, and latencies count from the sending: more becomes due than can ever be
 * answered, so that waiting here says how long it went on, and nothing of who answers. What is answered in the first `--ramp`
 * seconds, which come before the others, is not `inTime`.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    file: { type: 'string', default: '' },
    record: { type: 'string', default: '0' },
    count: { type: 'string', default: '0' },
    skip: { type: 'string', default: '0' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '4' },
    rate: { type: 'string' },
    ramp: { type: 'string', default: '0' },
    overload: { type: 'boolean', default: false },
  },
})
const record = Number(values.record)
const count = Number(values.count)
const ramp = Number(values.ramp)
const seconds = ramp + Number(values.seconds)
const rate = values.rate === undefined ? undefined : Number(values.rate)
/** How many requests are read at a time: 4 MiB of them. */
const CHUNK = Math.max(1, Math.floor(4_194_304 / record))
/** How many connections are being opened at a time: a listener's backlog is 511. */
const OPENING = 256
/** How long answers are waited for at the end, in ms. */
const PATIENCE = 10_000
const END_OF_HEAD = Buffer.from('\r\n\r\n')

const handle = openSync(values.file, 'r')
let chunk: Buffer = Buffer.alloc(0)
let position = Number(values.skip)
let used = 0

/** The next request. Begins anew after the last. */
function next(): Buffer {
  const at = used % CHUNK
  if (at === 0) {
    chunk = Buffer.allocUnsafe(record * CHUNK)
    for (let filled = 0; filled < CHUNK;) {
      const step = Math.min(CHUNK - filled, count - position)
      readSync(handle, chunk, filled * record, step * record, position * record)
      filled += step
      position = (position + step) % count
    }
  }
  used++
  return chunk.subarray(at * record, (at + 1) * record)
}

/** By status: latencies in nanoseconds, which a histogram of integers can hold, and how many came before the end. */
const answers = new Map<number, { latencies: ReturnType<typeof createHistogram>; inTime: number }>()
const open = new Set<Connection>()
let broken = 0
let isOver = false

class Connection {
  readonly #socket: Socket
  readonly #free: (connection: Connection) => void
  /** When the request that it carries was due; undefined when it carries none. */
  #due: number | undefined
  #head: Buffer = Buffer.alloc(0)
  #status = 0
  #missing = -1

  constructor(url: URL, free: (connection: Connection) => void) {
    this.#free = free
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    this.#socket.on('connect', () => this.#free(this))
    this.#socket.on('data', data => this.#read(data))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      open.delete(this)
      // Nothing may be sent over it any more, which nobody would miss.
      const at = idle.indexOf(this)
      if (at >= 0) idle.splice(at, 1)
      if (this.#due !== undefined && !isOver) broken++
      if (!isOver) setTimeout(() => isOver || open.add(new Connection(url, free)), 10)
    })
  }

  send(due: number): void {
    this.#due = due
    this.#socket.write(next())
  }

  end(): void {
    this.#socket.destroy()
  }

  #read(data: Buffer): void {
    if (this.#missing < 0) {
      this.#head = this.#head.length === 0 ? data : Buffer.concat([this.#head, data])
      const end = this.#head.indexOf(END_OF_HEAD)
      if (end < 0) return
      const head = this.#head.toString('latin1', 0, end)
      this.#status = Number(head.slice(9, 12))
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN)
      if (Number.isNaN(length)) throw new Error(`an answer without its length: ${head}`)
      this.#missing = length - (this.#head.length - end - END_OF_HEAD.length)
    } else this.#missing -= data.length
    if (this.#missing === 0) this.#answered()
  }

  #answered(): void {
    let answer = answers.get(this.#status)
    if (answer === undefined)
      answers.set(this.#status, (answer = { latencies: createHistogram(), inTime: 0 }))
    const now = performance.now()
    answer.latencies.record(Math.max(1, Math.round((now - (this.#due ?? 0)) * 1e6)))
    if (now >= started + ramp * 1000 && now < end) answer.inTime++
    this.#due = undefined
    this.#missing = -1
    this.#head = Buffer.alloc(0)
    this.#free(this)
  }
}

const url = new URL(values.url)
const length = Number(values.connections)
const idle: Connection[] = []
const overdue: number[] = []
let overdueFrom = 0
let started = 0
let end = 0

function free(connection: Connection): void {
  const due = started === 0 ? undefined : nextDue()
  if (due === undefined) idle.push(connection)
  else connection.send(due)
}

/** When what a free connection is to send now was due; undefined when there is nothing. */
function nextDue(): number | undefined {
  const now = performance.now()
  if (rate === undefined) return now < end ? now : undefined
  if (overdueFrom === overdue.length || (values.overload && now >= end)) return undefined
  const due = overdue[overdueFrom++]
  return values.overload ? now : due
}

while (idle.length < length) {
  for (let opened = open.size; opened < Math.min(length, idle.length + OPENING); opened++)
    open.add(new Connection(url, free))
  await sleep(1)
}
const cpu = process.cpuUsage()
started = performance.now()
end = started + seconds * 1000
if (rate === undefined) {
  for (const connection of idle.splice(0)) connection.send(performance.now())
  await sleep(seconds * 1000)
} else {
  for (let sent = 0, isDone = false; !isDone;) {
    const now = performance.now()
    isDone = now >= end
    const due = Math.floor((Math.min(now, end) - started) * (rate / 1000))
    for (; sent < due; sent++) {
      const at = started + (sent * 1000) / rate
      const connection = idle.pop()
      if (connection === undefined) overdue.push(at)
      else connection.send(values.overload ? now : at)
    }
    await sleep(1)
  }
}
const late = Date.now() + PATIENCE
while (idle.length < open.size && Date.now() < late) await sleep(5)
isOver = true
const unanswered = open.size - idle.length
for (const connection of open) connection.end()
closeSync(handle)
const spent = process.cpuUsage(cpu)
console.log(
  JSON.stringify({
    used,
    broken: broken + unanswered,
    unsent: overdue.length - overdueFrom,
    cpu: (spent.user + spent.system) / 1e6,
    statuses: Object.fromEntries(
      [...answers].map(([status, { latencies, inTime }]) => [
        status,
        {
          count: latencies.count,
          inTime,
          p50: latencies.percentile(50) / 1e6,
          p99: latencies.percentile(99) / 1e6,
          p999: latencies.percentile(99.9) / 1e6,
          max: latencies.max / 1e6,
        },
      ]),
    ),
  }),
)
