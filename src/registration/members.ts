import { randomUUID } from 'node:crypto'
import type { StateBackend } from '../state/types.ts'

/** How long a replica that says nothing more counts as running, in ms. */
const TTL = 15_000

/** The replicas that share the kept state. Each announces the webhook URL that it serves. */
export interface Members {
  /** Says that this one is running, and learns of the others. Throws the backend's errors. */
  announce(): Promise<void>
  /** The webhook URLs of all that are running, as of the last time. */
  urls(): readonly string[]
  /** Says that this one has ended. Throws the backend's errors. */
  withdraw(): Promise<void>
}

export function createMembers(
  backend: Pick<StateBackend, 'announce' | 'withdraw'>,
  webhookUrl: () => string,
): Members {
  const member = randomUUID()
  let urls: readonly string[] = []
  return {
    async announce() {
      urls = await backend.announce(member, webhookUrl(), TTL)
    },
    urls: () => urls,
    withdraw: () => backend.withdraw(member),
  }
}

/** Where the state is not shared. */
export const ALONE: Members = {
  async announce() {},
  urls: () => [],
  async withdraw() {},
}
