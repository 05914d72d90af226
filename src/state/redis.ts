import { Redis } from 'ioredis'
import { z } from 'zod'
import { ConfigError, StateFencedError } from '../errors.ts'
import { addressOf, attempting, messageOf, safeName, settingsOf, type SharedStateOptions } from './shared.ts'
import type { StateBackend } from './types.ts'

// A script is one step for everybody else, and its clock is the server's: https://redis.io/docs/latest/develop/programmability/eval-intro/
const NOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local function whole(number) return string.format('%.0f', number) end
`
const LOCK = `${NOW}
  local fence = redis.call('HGET', KEYS[1], 'fence')
  local free = now >= tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
`
const ACQUIRE = `${LOCK}
  if not free then return nil end
  redis.call('HSET', KEYS[1], 'until', whole(now + ARGV[1]))
  return redis.call('HINCRBY', KEYS[1], 'fence', 1)
`
const WRITE = `${LOCK}
  if free or fence ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'record', ARGV[2])
  return 1
`
const RENEW = `${LOCK}
  if free or fence ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'until', whole(now + ARGV[2]))
  return 1
`
const RELEASE = `${LOCK}
  if fence == ARGV[1] then redis.call('HSET', KEYS[1], 'until', '0') end
`
const ANNOUNCE = `${NOW}
  redis.call('HSET', KEYS[1], ARGV[1], whole(now + ARGV[3]) .. ' ' .. ARGV[2])
  local values = {}
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local ends, value = string.match(all[i + 1], '^(%d+) (.*)$')
    if now < tonumber(ends) then
      table.insert(values, value)
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
  return values
`

/** Wrong credentials, missing permissions, a replica, another node of a cluster, a database that is not there. */
const REFUSAL = /^(?:WRONGPASS|NOAUTH|NOPERM|READONLY|MOVED)|invalid password|DB index/

/** The longest pause between two tries to connect again, in ms. */
const LONGEST_PAUSE = 2000

/**
 * Opens the kept state in Redis or Valkey, at `redis://` or `rediss://`; the path is the number of the database. Throws
 * ConfigError, StateUnavailableError and StateRefusedError.
 */
export async function openRedisState(options: SharedStateOptions): Promise<StateBackend> {
  const { projectId } = options
  const { location, attempt, redis, silence } = createClient(options)
  // One hash tag, so that a cluster keeps both on one node.
  const state = `jelou-receiver:{${safeName(projectId)}}:state`
  const members = `jelou-receiver:{${safeName(projectId)}}:members`
  const run = (script: string, ...values: (string | number | Buffer)[]) =>
    attempt(() => redis.eval(script, 1, state, ...values))

  const read = () => attempt(() => redis.hgetBuffer(state, 'record'))

  async function close(): Promise<void> {
    silence()
    const isOpen = redis.status !== 'end' && redis.status !== 'reconnecting'
    const ended = new Promise(resolve => redis.once('end', resolve))
    redis.disconnect()
    if (isOpen) await ended
  }

  try {
    await attempt(() => redis.connect())
    // Only now is it known whether there is the database, and whether it may be read.
    await read()
  } catch (error) {
    await close()
    throw error
  }
  return {
    location,
    read,
    async write(record, fence) {
      if ((await run(WRITE, fence, record)) === 0) throw new StateFencedError(location)
    },
    async acquire(lease) {
      const fence = await run(ACQUIRE, lease)
      if (fence === null) return null
      return {
        fence: Number(fence),
        renew: async lease => (await run(RENEW, Number(fence), lease)) === 1,
        release: async () => void (await run(RELEASE, Number(fence))),
      }
    },
    async announce(member, value, ttl) {
      const values = await attempt(() => redis.eval(ANNOUNCE, 1, members, member, value, ttl))
      return z.array(z.string()).parse(values)
    },
    withdraw: async member => void (await attempt(() => redis.hdel(members, member))),
    close,
  }
}

function createClient({ url, timeout, tls, log }: SharedStateOptions) {
  const { location, path, ...address } = addressOf(url, 6379)
  settingsOf(url, {})
  if (!/^\d{0,5}$/.test(path)) {
    throw new ConfigError(`STATE_URL (${url.protocol}//…): the path is the number of a database, such as /0`)
  }
  const redis = new Redis({
    ...address,
    db: Number(path),
    ...(url.protocol === 'rediss:' && { tls: { ...tls, host: address.host } }),
    lazyConnect: true,
    // What cannot be sent now fails now, and nothing is sent twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeout,
    disconnectTimeout: timeout,
    // A connection that does not answer is made anew: a cable that is cut says nothing.
    socketTimeout: timeout,
    retryStrategy: attempt => Math.min(100 * attempt, LONGEST_PAUSE),
  })

  // What is wrong with the connection now. ioredis goes on after some of it: in database 0 where it cannot select another.
  let problem: Error | undefined
  // Whether its end is news: it was open, and we did not end it.
  let isMissed = false
  redis.on('connect', () => {
    problem = undefined
    // ioredis listens for one error of a socket, and TLS may tell of a second: of what is written after it failed.
    redis.stream.on('error', () => {})
  })
  redis.on('ready', () => (isMissed = true))
  redis.on('error', (error: Error) => (problem = withoutCommand(error)))
  redis.on('close', () => {
    problem ??= new Error('the connection is closed')
    if (isMissed)
      log.warn({ location, reason: problem.message }, 'The connection to the kept state is closed')
    isMissed = false
  })

  const settle = attempting({
    location,
    timeout,
    isRefusal: error => REFUSAL.test(messageOf(error)),
  })
  const attempt = <T>(action: () => Promise<T>): Promise<T> =>
    settle(async () => {
      if (problem !== undefined) throw problem
      try {
        return await action()
      } catch (error) {
        throw problem ?? withoutCommand(error)
      }
    })
  return { location, redis, attempt, silence: () => (isMissed = false) }
}

/** ioredis shows in its errors what was sent: a password, or the record. */
function withoutCommand<E>(error: E): E {
  return Object.assign(error as object, { command: undefined }) as E
}
