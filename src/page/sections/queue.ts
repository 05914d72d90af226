import { date, state, terms, type Tone } from '../elements.ts'
import { formatAge, formatCount, formatSize } from '../format.ts'
import { html, type Content, type Html } from '../html.ts'
import type { StatusAnswer } from '../../admin/status-answer.ts'

type Queue = StatusAnswer['queue']

const BREAKER: Record<NonNullable<Queue['breaker']>, [Tone, string]> = {
  closed: ['good', 'Events go to the broker'],
  open: ['warn', 'The broker is away: events wait in the spool'],
  'half-open': ['warn', 'Trying the broker again'],
}

/** What waits on this machine, and whether the broker takes events. */
export function queue(now: Queue, check: string): Html {
  const isBroker = now.breaker !== undefined
  return terms([
    [
      'Engine',
      html`<code>${now.driver}</code>${isBroker ? ', with a spool before it' : ', on this machine'}`,
    ],
    ['State', now.breaker === undefined ? ownState(check) : state(...BREAKER[now.breaker])],
    ['Why', now.reason ?? null],
    ['Since', now.since ? html`${date(now.since)} UTC` : null],
    ['Waiting', count(now.waiting)],
    ['Oldest', now.waiting ? formatAge(now.oldestAgeSeconds ?? 0) : null],
    ['With a consumer', isBroker ? null : count(now.leased)],
    ['Delayed', isBroker ? null : count(now.delayed)],
    ['Dead letters', count(now.dead)],
    ['Spooled since the start', isBroker ? count(now.spooled) : null],
    ['Drained since the start', isBroker ? count(now.drained) : null],
    ['On disk', now.bytes === undefined ? null : formatSize(now.bytes)],
  ])
}

function ownState(check: string): Html {
  return check === 'ok' ? state('good', 'Takes events') : state('bad', check)
}

function count(figure: number | undefined): Content {
  return figure === undefined ? 'unknown' : formatCount(figure)
}
