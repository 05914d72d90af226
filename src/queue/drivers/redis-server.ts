import type { Redis } from 'ioredis'

// redis.conf, proto-max-bulk-len.
const DEFAULT_LARGEST = 512 * 1024 * 1024

/** The largest text that a server takes, in bytes; what is usual where it does not say. */
export async function largestValue(client: Redis): Promise<number> {
  const answer = await allowed(client.config('GET', 'proto-max-bulk-len'))
  return Number(answer?.[1] ?? DEFAULT_LARGEST)
}

/** What about a server makes it an unsafe place for events, as texts for an operator. Servers may keep it to themselves. */
export async function adviceFor(client: Redis): Promise<string[]> {
  const info = (await allowed(client.info())) ?? ''
  const has = (line: string) => info.includes(`\n${line}\r`)
  const policy = /^maxmemory_policy:(.+)\r$/m.exec(info)?.[1] ?? 'noeviction'
  return [
    ...(has('aof_enabled:0')
      ? [
          'Redis keeps no append-only file: events that it confirmed are lost when it ends (set appendonly yes)',
        ]
      : []),
    ...(policy === 'noeviction'
      ? []
      : [
          `Redis may drop events or their ids to save memory: set maxmemory-policy noeviction (it is ${policy})`,
        ]),
  ]
}

/** The answer, or undefined where the user may not ask or there is no such command. */
async function allowed<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ReplyError') return undefined
    throw error
  })
}
