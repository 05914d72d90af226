import { state } from '../elements.ts'
import { formatAge, formatCount } from '../format.ts'
import { html, type Html } from '../html.ts'
import type { StatusAnswer } from '../../admin/status-answer.ts'

const CHECKS: Record<string, string> = { secret: 'Signing secret', queue: 'Queue', draining: 'Shutdown' }

/** What is to be seen to although events are taken. */
const WARNINGS: Record<string, string> = {
  broker: 'Broker',
  registration: 'Registration',
  disk: 'Disk',
  clock: 'Clock',
  'public-url': 'Public address',
  certificate: 'Certificate',
}

/** Whether the service takes events, in one sentence. */
export function headline({ status, checks }: Pick<StatusAnswer, 'status' | 'checks'>): string {
  if (status === 'ready') return 'Ready: events are taken'
  const problems = Object.entries(checks).filter(([, result]) => result !== 'ok')
  return `Not ready: ${problems.map(([, result]) => result).join('; ')}`
}

/** Whether it is ready, and the numbers that come first. */
export function overview(status: StatusAnswer): Html {
  const { checks, warnings, events, queue, uptimeSeconds } = status
  const isReady = status.status === 'ready'
  const refused = Object.values(events.refused).reduce((sum, count) => sum + count, 0)
  return html`<p class="headline" data-announce="${headline(status)}">
      ${state(isReady ? 'good' : 'bad', headline(status))}
    </p>
    <ul class="checks">
      ${Object.entries(checks).map(([name, result]) => {
        const words = `${CHECKS[name] ?? name}: ${name === 'draining' && result === 'ok' ? 'not under way' : result}`
        return html`<li>${state(result === 'ok' ? 'good' : 'bad', words)}</li>`
      })}
      ${Object.entries(warnings).map(
        ([name, detail]) => html`<li>${state('warn', `${WARNINGS[name] ?? name}: ${detail}`)}</li>`,
      )}
      <li>${state('idle', `Up for ${formatAge(uptimeSeconds)}`)}</li>
    </ul>
    <dl class="tiles">
      ${tile('Accepted', formatCount(events.accepted), 'since the start')}
      ${tile('Duplicates', formatCount(events.duplicate), 'since the start')}
      ${tile('Refused', formatCount(refused), 'since the start')}
      ${tile(queue.breaker === undefined ? 'Waiting' : 'In the spool', figure(queue.waiting), 'now')}
      ${tile('Dead letters', figure(queue.dead), 'now')}
    </dl>`
}

function tile(name: string, value: string, when: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd><span class="value">${value}</span> <span class="when">${when}</span></dd>
  </div>`
}

function figure(count: number | undefined): string {
  return count === undefined ? 'unknown' : formatCount(count)
}
