import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { EVENT_TYPES } from './events.ts'
import { faultSchema, type Fault } from './faults.ts'
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

const SECOND_CREATE = {
  409: 409,
  422: 422,
  400: 400,
  'new-secret': 'new-secret',
  'no-secret': 'no-secret',
} as const

const text = z.string().min(1, 'must not be empty')
const flag = z.boolean().default(false)
const oneOf = <const V extends readonly string[]>(values: V) =>
  z.enum(values, `must be one of ${values.join(', ')}`)
const positive = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be a whole number from 1 to 999999999')
  .transform(Number)
const port = z
  .string()
  .refine(value => /^\d{1,5}$/.test(value) && Number(value) <= 65_535, 'must be a port number, 0 to 65535')
  .transform(Number)

/** What each option may be. */
export const simulateOptions = {
  host: text.default('127.0.0.1'),
  port: port.default(4000),
  project: text.optional(),
  'api-key': text.optional(),
  'client-id': text.optional(),
  'client-secret': text.optional(),
  shape: oneOf(['plain', 'wrapped']).optional(),
  'second-create': oneOf(['409', '422', '400', 'new-secret', 'no-secret'])
    .transform(answer => SECOND_CREATE[answer])
    .optional(),
  'sparse-read': flag,
  fault: z.array(z.string().transform(parseFault)).default([]),
  send: flag,
  count: positive.optional(),
  rate: positive.default(1),
  rooms: positive.default(3),
  type: z.array(oneOf(EVENT_TYPES)).default([...EVENT_TYPES]),
  'redeliver-every': positive.optional(),
}

const settingsSchema = z.object(simulateOptions)

/** The values of {@link simulateOptions}. */
export type SimulateSettings = z.output<typeof settingsSchema>

/**
 * Runs a simulated Jelou until the signal, and says on `out` what is called and sent, without secrets.
 * Throws ConfigError when the address cannot be listened on.
 */
export async function simulate(
  settings: SimulateSettings,
  { out, signal }: { out: Writable; signal: AbortSignal },
): Promise<void> {
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

function parseFault(text: string, context: z.RefinementCtx): Fault {
  const { data, error } = faultSchema.safeParse(parseJson(text))
  if (data !== undefined) return data
  const problems = error.issues.map(({ path, message }) => [...path, message].join(': '))
  context.addIssue({ code: 'custom', message: `must be a fault as JSON (${problems.join('; ')})` })
  return z.NEVER
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
