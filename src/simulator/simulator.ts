import type { FastifyInstance } from 'fastify'
import { buildApi, type ApiOptions, type RecordedCall } from './api.ts'
import { createEventMaker, type EventMaker } from './events.ts'
import { createFaults, type Faults } from './faults.ts'
import {
  createIntegrationRules,
  type Behaviour,
  type Callers,
  type SimulatedIntegration,
} from './integrations.ts'
import { createSender, type Sender } from './sender.ts'
import { sendTraffic, type Tally, type TrafficOptions } from './traffic.ts'

/** `now` is in ms since the epoch. `log` takes one line per call, without secrets. */
export type SimulatorOptions = {
  [K in keyof (Callers & Behaviour)]?: (Callers & Behaviour)[K] | undefined
} & {
  projectId?: string | undefined
  now?: () => number
  log?: (line: string) => void
}

/** A Jelou to develop against: its integration API, and a sender of signed events. State and switches outlive close and listen. */
export interface Simulator {
  readonly projectId: string
  readonly callers: Callers
  /** How it answers where the documentation is silent; may be changed at any time. */
  readonly behaviour: Behaviour
  /** By project id, secret and credential included. Setting or deleting one is what somebody else does behind our back. */
  readonly integrations: Map<string, SimulatedIntegration>
  /** The integration of the one project that there is. */
  readonly integration: SimulatedIntegration | undefined
  readonly calls: RecordedCall[]
  readonly faults: Faults
  /** Called and waited for at each call, e.g. to end a process at that very moment; may be set at any time. */
  readonly hooks: ApiOptions['hooks']
  /** Resolves with the base URL of the integration API, `http://…/jelouapi/v1`. The port is random unless given. */
  listen(address?: { host?: string; port?: number }): Promise<string>
  /** The next event of a room, as Jelou would make it. */
  readonly event: EventMaker
  readonly send: Sender['send']
  /** Sends many events of its own making; see {@link TrafficOptions}. */
  sendMany(options: TrafficOptions): Promise<Tally>
  /** Ends what is being sent and cuts every connection; idempotent. */
  close(): Promise<void>
}

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const {
    projectId = 'PROJECT_ID',
    apiKey = 'simulated-api-key',
    clientId = 'simulated-client',
    clientSecret = 'simulated-client-secret',
    shape = 'plain',
    secondCreate = 409,
    sparseRead = false,
    now = Date.now,
    log = () => {},
  } = options
  const callers: Callers = { apiKey, clientId, clientSecret }
  const behaviour: Behaviour = { shape, secondCreate, sparseRead }
  const integrations = new Map<string, SimulatedIntegration>()
  const calls: RecordedCall[] = []
  const faults = createFaults()
  const hooks: ApiOptions['hooks'] = {}
  const answer = createIntegrationRules({ projectId, callers, behaviour, integrations, now })
  let app: FastifyInstance | undefined

  const event = createEventMaker(projectId, now)
  const registered = () => integrations.get(projectId)
  const sender = createSender(registered)

  let closing = new AbortController()

  async function close(): Promise<void> {
    closing.abort()
    closing = new AbortController()
    await Promise.all([app?.close(), sender.close()])
  }

  return {
    projectId,
    callers,
    behaviour,
    integrations,
    get integration() {
      return registered()
    },
    calls,
    faults,
    hooks,
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      await close()
      app = buildApi({ answer, faults, calls, integrations, hooks, log })
      return `${await app.listen({ host, port })}/jelouapi/v1`
    },
    event,
    send: (event, options) => sender.send(event, options),
    sendMany(options) {
      const signal = AbortSignal.any([closing.signal, ...(options.signal ? [options.signal] : [])])
      const source = { ...sender, registered: () => registered() !== undefined, make: event }
      return sendTraffic(source, { ...options, signal })
    },
    close,
  }
}
