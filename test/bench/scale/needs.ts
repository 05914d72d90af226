import { digits, table } from '../tables.ts'
import { USUAL } from './curves.ts'
import { measuredAt, type ScaleResults } from './results.ts'

/** What is assumed of a conversation: its messages, its start and its close. */
export const EVENTS_PER_CONVERSATION = 20
/** The busiest second, as a multiple of the average one of the day. */
export const PEAK = 10
const CONVERSATIONS = [1e6, 1e7, 1e8, 1e9]
const SECONDS_PER_DAY = 86_400

/** What so many conversations a day need by what was measured at the usual setting; nothing when that was not. */
export function needsTable(results: ScaleResults): string[] {
  const at = { curve: 'connections', value: USUAL.connections, subject: 'embedded' }
  const perSecond = measuredAt(results, at, 'perSecond')
  const cpu = measuredAt(results, at, 'cpu')
  if (perSecond === undefined || cpu === undefined) return []
  const rows = CONVERSATIONS.map(conversations => {
    const average = (conversations * EVENTS_PER_CONVERSATION) / SECONDS_PER_DAY
    const peak = average * PEAK
    return [
      conversations.toLocaleString('en'),
      Math.round(average).toLocaleString('en'),
      Math.round(peak).toLocaleString('en'),
      digits((peak * cpu) / 1_000),
      Math.ceil(peak / perSecond).toLocaleString('en'),
      digits((peak * USUAL.size) / 1e6),
    ]
  })
  return [
    '### What conversations need',
    `By the line of ${USUAL.connections} connections below: one process took ${Math.round(perSecond).toLocaleString('en')} events of ` +
      `${USUAL.size} bytes a second, for ${digits(cpu)} s of processor time for 1,000, disk included. A conversation is ` +
      `${EVENTS_PER_CONVERSATION} events, and the busiest second has ${PEAK} times as many as the average one.`,
    table(
      [
        'conversations a day',
        'events/s on average',
        'at the peak',
        'processors busy at the peak',
        'processes at the peak',
        'MB/s of bodies at the peak',
      ],
      rows,
    ),
  ]
}
