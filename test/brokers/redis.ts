import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Owner } from './owner.ts'
import { launch, type Server } from './server.ts'

const OPTIONS = { bind: '127.0.0.1', appendonly: 'yes', appendfsync: 'always', save: '' }

/** Starts redis-server, which writes everything to its disk before it answers; `args` come last and win. */
export async function startRedis(t: Owner, { args = [] }: { args?: string[] } = {}): Promise<Server | null> {
  return launch(t, {
    name: 'redis',
    program: 'redis-server',
    args: ({ port, folder }) => [...pairs({ ...OPTIONS, port: `${port}`, dir: folder }), ...args],
    ready: at => asked(at, async client => void (await client.ping())),
  })
}

function pairs(options: Record<string, string>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
}

/** Asks the server over a connection of its own, which has nothing to do with the driver's. */
export async function asked<T>(
  { host, port }: { host: string; port: number },
  ask: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis({ host, port, lazyConnect: true, retryStrategy: null, protocol: 2 })
  client.on('error', () => {})
  try {
    await client.connect()
    return await ask(client)
  } finally {
    client.disconnect()
  }
}

/** An entry of a stream: its fields, and the bytes of the field `event`. */
export type Entry = { body: Buffer; headers: Record<string, string> }

/** All entries of a stream in order, once there are so many. */
export async function readRedis(
  server: { host: string; port: number },
  { queueName, count }: { queueName: string; count: number },
): Promise<Entry[]> {
  return asked(server, async client => {
    const entries: Entry[] = []
    let last = '0'
    while (entries.length < count) {
      const answer = await client.xreadBuffer('BLOCK', 1000, 'STREAMS', queueName, last)
      for (const [, added] of (answer ?? []) as [Buffer, [Buffer, Buffer[]][]][])
        for (const [id, fields] of added) {
          last = String(id)
          entries.push(entryOf(fields))
        }
    }
    return entries
  })
}

function entryOf(fields: Buffer[]): Entry {
  const headers: Record<string, string> = {}
  let body = Buffer.alloc(0)
  for (let at = 0; at < fields.length; at += 2) {
    const name = String(fields[at])
    const value = fields[at + 1] ?? body
    if (name === 'event') body = Buffer.from(value)
    else headers[name] = String(value)
  }
  return { body, headers }
}

/** All jobs of a BullMQ queue in the order in which a worker takes them, once there are so many. */
export async function readBullmq(
  server: { host: string; port: number },
  { queueName, count }: { queueName: string; count: number },
): Promise<{ body: Buffer; trace: Record<string, string> }[]> {
  return asked(server, async client => {
    const key = `bull:${queueName}`
    while ((await client.llen(`${key}:wait`)) < count) await sleep(20)
    const ids = (await client.lrange(`${key}:wait`, 0, -1)).toReversed()
    return Promise.all(
      ids.map(async id => {
        const [data, options] = await client.hmgetBuffer(`${key}:${id}`, 'data', 'opts')
        return { body: data ?? Buffer.alloc(0), trace: telemetryOf(String(options)) }
      }),
    )
  })
}

/** What bullmq-otel finds in a job: BullMQ writes `tm` for the option `telemetry.metadata`. */
function telemetryOf(options: string): Record<string, string> {
  const { tm }: { tm?: string } = JSON.parse(options)
  return tm === undefined ? {} : JSON.parse(tm)
}
