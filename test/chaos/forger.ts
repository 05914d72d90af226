import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { signed } from '../conformance/http.ts'
import { credentialOf, type Integration } from './credential.ts'
import type { EventMaker } from './events.ts'
import { createRandom } from './random.ts'
import type { SenderOptions } from './sender.ts'

/** What nobody signed, or who sends it does not know the credential. */
type Forgery = { headers: Record<string, string>; body: string }

/** How events are forged from one that would be good, signed with this secret. */
const WAYS: Record<string, (good: Forgery, secret: string) => Forgery> = {
  'no signature': ({ headers, body }) => ({ headers: { ...headers, 'x-jelou-signature': '' }, body }),
  'another secret': ({ headers, body }) => ({
    headers: { ...headers, ...signed(body, randomBytes(32).toString('hex')) },
    body,
  }),
  'the signature of another body': ({ headers, body }, secret) => ({
    headers: { ...headers, ...signed(`${body} `, secret) },
    body,
  }),
  'a signature cut short': ({ headers, body }) => ({
    headers: { ...headers, 'x-jelou-signature': String(headers['x-jelou-signature']).slice(0, -2) },
    body,
  }),
  'an altered letter': ({ headers, body }) => ({ headers, body: body.replace('"message"', '"massage"') }),
}
const WRONG_CREDENTIAL = 'a wrong credential'

export type Forger = {
  /** How many were refused. */
  refused(): number
  /** Sends no more, and closes every connection. */
  rest(): Promise<void>
}

export type ForgerOptions = Pick<SenderOptions, 'seed' | 'interval' | 'jelou'> & {
  make: EventMaker
  /** A room that no good event is of. */
  room: number
  /** One that was forged in this way was answered 2xx. */
  taken: (way: string, status: number) => void
}

/** Sends forged events, one every `interval` ms, to what is registered. */
export function startForger({ seed, interval, jelou, make, room, taken }: ForgerOptions): Forger {
  const random = createRandom(seed, 'forger')
  const agent = new Agent()
  const over = new AbortController()
  let refused = 0

  async function forge(integration: Integration, place: number): Promise<void> {
    const { webhookUrl, authType, signingSecret } = integration
    const body = make(room, place)
    const way = random.pick([...Object.keys(WAYS), ...(authType === 'no_auth' ? [] : [WRONG_CREDENTIAL])])
    const credential = credentialOf(
      way === WRONG_CREDENTIAL ? { authType, authorization: 'guessed' } : integration,
    )
    const good = { headers: { ...signed(body, signingSecret), ...credential }, body }
    const { headers, body: sent } = WAYS[way]?.(good, signingSecret) ?? good
    const answer = await request(webhookUrl, { dispatcher: agent, method: 'POST', headers, body: sent })
    await answer.body.dump()
    if (answer.statusCode >= 200 && answer.statusCode < 300) taken(way, answer.statusCode)
    else refused++
  }

  async function run(): Promise<void> {
    for (let place = 0; !over.signal.aborted; place++) {
      const { integration } = jelou
      // Faults cut these off like any other.
      if (integration !== undefined) await forge(integration, place).catch(() => {})
      await sleep(interval, undefined, { signal: over.signal }).catch(() => {})
    }
  }

  const running = run()
  return {
    refused: () => refused,
    async rest() {
      over.abort()
      await agent.destroy()
      await running
    },
  }
}
