import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { parseArgs } from 'node:util'
import { type ParseArgsOptionsConfig } from 'node:util'
import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { EVENT_TYPES } from './events.ts'
import { faultSchema } from './faults.ts'
import { createSimulator } from './simulator.ts'

/** What stands below its name. */
export const simulateHelp = `  --host ADDRESS          where the integration API listens (127.0.0.1)
  --port PORT             0 is a random one (4000)
  --project ID            the one project that it knows (PROJECT_ID)
  --api-key KEY           the caller's x-api-key (simulated-api-key)
  --client-id ID          the caller's Basic credentials, good at any time beside the key
  --client-secret SECRET  (simulated-client, simulated-client-secret)
  --shape SHAPE           plain or wrapped answers (plain)
  --second-create ANSWER  what a second create answers: 409, 422, 400, new-secret or no-secret (409)
  --sparse-read           a read lacks id and authType
  --fault JSON            may be given several times, e.g. '{"method":"POST","status":500,"times":3}'

  --send                  send events as soon as something is registered
  --count N               how many (until Ctrl-C)
  --rate N                how many per second (1)
  --rooms N               in how many conversations (3)
  --type TYPE             may be given several times (all of them in turn):
                          ${EVENT_TYPES.slice(0, 6).join(', ')},
                          ${EVENT_TYPES.slice(6, 10).join(', ')},
                          ${EVENT_TYPES.slice(10).join(', ')}
  --redeliver-every N     send each n-th event twice

While it runs: GET /_simulator/state shows what is registered and every call,
POST /_simulator/faults takes a fault as JSON, DELETE /_simulator/faults clears them.
`

/** What parseArgs is to be given. */
export const simulateOptions = {
  host: { type: 'string' },
  port: { type: 'string' },
  project: { type: 'string' },
  'api-key': { type: 'string' },
  'client-id': { type: 'string' },
  'client-secret': { type: 'string' },
  shape: { type: 'string' },
  'second-create': { type: 'string' },
  'sparse-read': { type: 'boolean' },
  fault: { type: 'string', multiple: true },
  send: { type: 'boolean' },
  count: { type: 'string' },
  rate: { type: 'string' },
  rooms: { type: 'string' },
  type: { type: 'string', multiple: true },
  'redeliver-every': { type: 'string' },
} as const satisfies ParseArgsOptionsConfig

/** The values of parseArgs for {@link simulateOptions}. */
export type SimulateValues = ReturnType<typeof parseArgs<{ options: typeof simulateOptions }>>['values']

const SECOND_CREATE = {
  409: 409,
  422: 422,
  400: 400,
  'new-secret': 'new-secret',
  'no-secret': 'no-secret',
} as const

const text = z.string().min(1).optional()
const positive = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'a whole number from 1')
  .transform(Number)

const settingsSchema = z.object({
  host: z.string().default('127.0.0.1'),
  port: z
    .string()
    .regex(/^\d{1,5}$/, 'a port number')
    .default('4000')
    .transform(Number),
  project: text,
  'api-key': text,
  'client-id': text,
  'client-secret': text,
  shape: z.enum(['plain', 'wrapped']).optional(),
  'second-create': z
    .enum(['409', '422', '400', 'new-secret', 'no-secret'])
    .transform(answer => SECOND_CREATE[answer])
    .optional(),
  'sparse-read': z.boolean().optional(),
  fault: z.array(z.string().transform(parseJson).pipe(faultSchema)).default([]),
  send: z.boolean().optional(),
  count: positive.optional(),
  rate: positive.default(1),
  rooms: positive.default(3),
  type: z.array(z.enum(EVENT_TYPES)).default([...EVENT_TYPES]),
  'redeliver-every': positive.optional(),
})

/**
 * Runs a simulated Jelou until the signal, and says on `out` what is called and sent, without secrets.
 * Throws ConfigError when an option is wrong or the address cannot be listened on.
 */
export async function simulate(
  values: SimulateValues,
  { out, signal }: { out: Writable; signal: AbortSignal },
): Promise<void> {
  const settings = parseSettings(values)
  const say = (line: string) => void out.write(`${line}\n`)
  const simulator = createSimulator({
    projectId: settings.project,
    apiKey: settings['api-key'],
    clientId: settings['client-id'],
    clientSecret: settings['client-secret'],
    shape: settings.shape,
    secondCreate: settings['second-create'],
    sparseRead: settings['sparse-read'],
    log: say,
  })
  for (const fault of settings.fault) simulator.faults.add(fault)
  try {
    const baseUrl = await simulator.listen(settings).catch((cause: Error) => {
      throw new ConfigError(`--host, --port: ${cause.message}`, { cause })
    })
    const key = settings['api-key'] === undefined ? simulator.callers.apiKey : '(as given)'
    say(`A simulated Jelou is ready. The receiver's settings for it:`)
    say(`JELOU_API_URL=${baseUrl} JELOU_PROJECT_ID=${simulator.projectId} JELOU_API_KEY=${key}`)
    if (settings.send) {
      const { count, rate, rooms, type: types, 'redeliver-every': redeliverEvery } = settings
      const tally = await simulator.sendMany({
        count,
        rate,
        rooms,
        types,
        redeliverEvery,
        signal,
        onDelivery: ({ type, room, again }, { status, error }) =>
          say(`${type} to ${room}${again ? ' again' : ''}: ${error ?? status}`),
      })
      say(`sent ${tally.sent}: ${JSON.stringify(tally.outcomes)}`)
    }
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await simulator.close()
  }
}

function parseSettings(values: SimulateValues): z.infer<typeof settingsSchema> {
  const { data, error } = settingsSchema.safeParse(values)
  if (data !== undefined) return data
  const problems = error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`)
  throw new ConfigError(problems.join('; '))
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
