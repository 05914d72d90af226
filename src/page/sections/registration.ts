import { date, state, terms, type Tone } from '../elements.ts'
import { formatAge, formatCount } from '../format.ts'
import { html, type Html } from '../html.ts'
import type { StatusAnswer } from '../../admin/status-answer.ts'

type Registration = StatusAnswer['registration']

const PHASES: Record<Registration['phase'], [Tone, string]> = {
  starting: ['warn', 'Starting: no signing secret is held yet'],
  registered: ['good', 'Registered with Jelou'],
  degraded: ['warn', 'Degraded: the secret verifies, but the last comparison failed'],
  conflict: ['bad', 'Conflict: another service has registered its webhook'],
  secret_lost: ['bad', 'Secret lost: Jelou signs with a secret that is not ours'],
  unregistered: ['warn', 'Unregistered: somebody asked that Jelou has no webhook of this service'],
  static: ['good', 'Configured secret: nothing is registered'],
}

/** What Jelou has of this service, and what was last found about it. */
export function registration(now: Registration): Html {
  const { webhookUrl, authType, secretAgeSeconds, previousSecrets, lastReconciledAt, state: kept } = now
  return terms([
    ['State', state(...PHASES[now.phase])],
    ['Last problem', now.lastError],
    ['Webhook', html`<code>${webhookUrl}</code>`],
    ['Credential', html`<code>${authType}</code>`],
    ['Secret', secretAgeSeconds === null ? null : `${formatAge(secretAgeSeconds)} old`],
    ['Older secrets', previousSecrets === 0 ? null : `${formatCount(previousSecrets)} still accepted`],
    ['Last comparison', now.lastOutcome === null ? null : words(now.lastOutcome)],
    ['Known to be right', lastReconciledAt === null ? null : html`${date(lastReconciledAt)} UTC`],
    ['Kept state', kept.shared ? `shared by ${formatCount(kept.replicas)} replicas` : 'on this machine'],
    ['Problem of the kept state', kept.lastError],
  ])
}

function words(outcome: string): string {
  return outcome.replaceAll('_', ' ')
}
