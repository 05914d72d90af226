import type { Redis } from 'ioredis'
import { z } from 'zod'
import { ATTRIBUTES, TRACE_ATTRIBUTES } from '../attributes.ts'
import { settingsOf, wholeNumber } from '../settings.ts'
import type { BrokerOptions, QueueDriver, QueueMessage } from '../types.ts'
import { createRedisDriver } from './redis-driver.ts'
import type { Failure } from './redis-failure.ts'

const SETTINGS = {
  maxlen: wholeNumber(1, 1e15 - 1).optional(),
  trim: z.enum(['approximate', 'exact'], 'must be approximate or exact').default('approximate'),
}

/**
 * A Redis or Valkey stream (Redis 5 and newer; 6.2 where it may not be created). One script looks for the ids, appends the
 * events and remembers the ids, for all replicas. Throws ConfigError for a wrong URL or setting.
 */
export function createRedisQueue(options: BrokerOptions): QueueDriver {
  const { queueName, ensure, dedupeWindow } = options
  const { maxlen, trim } = settingsOf(options.url, SETTINGS)
  const append = appendScript({
    modifiers: [
      ...(ensure ? [] : ['NOMKSTREAM']),
      ...(maxlen === undefined ? [] : ['MAXLEN', trim === 'exact' ? '=' : '~', `${maxlen}`]),
    ],
    dedupeWindow,
  })
  const missing: Failure = {
    kind: 'refused',
    reason: `there is no stream ${queueName}, and QUEUE_ENSURE is off: create it, or let this service do it`,
  }

  return createRedisDriver(options, {
    name: 'redis',
    deduplicates: dedupeWindow > 0,
    async prepare(client: Redis) {
      if (ensure) await client.eval(CREATE, 1, queueName)
      // It fails where something else has this name.
      await client.xlen(queueName)
      return (await client.exists(queueName)) === 0 ? missing : undefined
    },
    async store(client: Redis, messages: QueueMessage[]) {
      // A hash tag puts the ids where the stream is in a cluster.
      const keys = [queueName, ...messages.map(({ id }) => `{${queueName}}:id:${id}`)]
      const values = messages.flatMap(({ attributes, body }) => [
        ...ATTRIBUTES.map(name => attributes[name]),
        // ioredis takes twice as long to put a command of texts and bytes together as one of texts alone.
        body.toString(),
        ...TRACE_ATTRIBUTES.map(name => attributes[name] ?? ''),
      ])
      const outcomes = (await client.eval(append, keys.length, ...keys, ...values)) as number[]
      return outcomes.map(outcome => OUTCOMES[outcome] ?? missing)
    },
  })
}

const OUTCOMES = ['accepted', 'duplicate'] as const

/** Makes an empty stream where nothing is: a group does so without adding anything. */
const CREATE = `
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XGROUP', 'CREATE', KEYS[1], 'jelou-receiver', '$', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', KEYS[1], 'jelou-receiver')
end`

/**
 * Appends events: KEYS are the stream and a key for each id, ARGV the fields of each, '' for one that it has not. The id is remembered after the event
 * was appended: a script is not rolled back, and an id without its event would lose it. Answers 0 accepted,
 * 1 duplicate, 2 no stream, for each event.
 */
function appendScript({ modifiers, dedupeWindow }: { modifiers: string[]; dedupeWindow: number }): string {
  const names = [...ATTRIBUTES, 'event', ...TRACE_ATTRIBUTES]
  const fields = names.map((name, index) => `'${name}', ARGV[at + ${index + 1}]`)
  const values = [...modifiers, '*'].map(value => `'${value}'`)
  const xadd = (without: number) => {
    const given = [...values, ...fields.slice(0, fields.length - without)]
    return `redis.call('XADD', KEYS[1], ${given.join(', ')})`
  }
  const remember = dedupeWindow > 0
  return `
local outcomes = {}
for i = 2, #KEYS do
  local at = (i - 2) * ${fields.length}
  local outcome = 1
  if ${remember ? "redis.call('EXISTS', KEYS[i]) == 0" : 'true'} then
    local entry
    if ARGV[at + ${names.length}] ~= '' then
      entry = ${xadd(0)}
    elseif ARGV[at + ${names.length - 1}] ~= '' then
      entry = ${xadd(1)}
    else
      entry = ${xadd(2)}
    end
    if entry then
      outcome = 0
      ${remember ? `redis.call('SET', KEYS[i], entry, 'PX', ${Math.ceil(dedupeWindow)})` : ''}
    else
      outcome = 2
    end
  end
  outcomes[i - 1] = outcome
end
return outcomes`
}
