import { clock, table, type Column } from '../elements.ts'
import { formatCount, formatSize } from '../format.ts'
import { html, type Content, type Html } from '../html.ts'
import { reasonOf } from '../reasons.ts'
import type { Refusal } from '../sources.ts'

/** More would make the page long; all that are kept are at `/rejected`. */
const SHOWN = 12

const COLUMNS: Column[] = [
  { name: 'Time' },
  { name: 'Reason' },
  { name: 'Answer' },
  { name: 'From' },
  { name: 'Body', style: 'number' },
  { name: 'Headers', style: 'headers' },
]

/** How many requests were refused and why, and the last ones. Newest first. */
export function refused(counts: Record<string, number>, last: readonly Refusal[]): Html {
  if (last.length === 0) return html`<p class="none">No request was refused since the start.</p>`
  const kinds = Object.entries(counts).toSorted(([, one], [, other]) => other - one)
  const shown = last.slice(0, SHOWN)
  return html`<ul class="kinds" aria-label="Refused since the start, by reason">
      ${kinds.map(([code, count]) => html`<li><b>${formatCount(count)}</b> ${reasonOf(code)}</li>`)}
    </ul>
    ${table(
      `The last ${formatCount(shown.length)}, newest first; times in UTC`,
      COLUMNS,
      shown.map((refusal, place) => row(refusal, olderTwins(last, place))),
    )}`
}

function row({ time, check, statusCode, source, bodyLength, headers }: Refusal, twins: number): Content[] {
  const reason = reasonOf(check)
  return [
    clock(time),
    html`${reason} ${reason !== check && html`<code>${check}</code>`}`,
    statusCode,
    html`<code>${source}</code>`,
    bodyLength === null ? 'unknown' : formatSize(bodyLength),
    html`<details id="refused-${Date.parse(time)}-${twins}">
      <summary>${formatCount(headers.length)} names</summary>
      ${headers.join(', ')}
    </details>`,
  ]
}

/** How many before it came within the same millisecond: with the time a name that stays, whatever comes after. */
function olderTwins(list: readonly Refusal[], place: number): number {
  return list.slice(place + 1).filter(({ time }) => time === list[place]?.time).length
}
