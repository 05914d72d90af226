import { clock } from '../elements.ts'
import { formatCount, formatSize } from '../format.ts'
import { html, type Html } from '../html.ts'
import { reasonOf } from '../reasons.ts'
import type { Refusal } from '../sources.ts'

/** More would make the page long; all that are kept are at `/rejected`. */
const SHOWN = 12

/** How many requests were refused and why, and the last ones. Newest first. */
export function refused(counts: Record<string, number>, last: readonly Refusal[]): Html {
  if (last.length === 0) return html`<p class="none">No request was refused since the start.</p>`
  const kinds = Object.entries(counts).toSorted(([, one], [, other]) => other - one)
  return html`<ul class="kinds" aria-label="Refused since the start, by reason">
      ${kinds.map(([code, count]) => html`<li><b>${formatCount(count)}</b> ${reasonOf(code)}</li>`)}
    </ul>
    <table>
      <caption>
        The last ${formatCount(Math.min(SHOWN, last.length))}, newest first; times in UTC
      </caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Reason</th>
          <th scope="col">Answer</th>
          <th scope="col">From</th>
          <th scope="col" class="number">Body</th>
          <th scope="col">Headers</th>
        </tr>
      </thead>
      <tbody>
        ${last.slice(0, SHOWN).map((refusal, place) => row(refusal, olderTwins(last, place)))}
      </tbody>
    </table>`
}

function row({ time, check, statusCode, source, bodyLength, headers }: Refusal, twins: number): Html {
  const code = reasonOf(check) !== check && html`<code>${check}</code>`
  return html`<tr>
    <td data-label="Time">${clock(time)}</td>
    <td data-label="Reason">${reasonOf(check)} ${code}</td>
    <td data-label="Answer">${statusCode}</td>
    <td data-label="From"><code>${source}</code></td>
    <td data-label="Body" class="number">${bodyLength === null ? 'unknown' : formatSize(bodyLength)}</td>
    <td data-label="Headers" class="headers">
      <details id="refused-${Date.parse(time)}-${twins}">
        <summary>${formatCount(headers.length)} names</summary>
        ${headers.join(', ')}
      </details>
    </td>
  </tr>`
}

/** How many before it came within the same millisecond: with the time a name that stays, whatever comes after. */
function olderTwins(list: readonly Refusal[], place: number): number {
  return list.slice(place + 1).filter(({ time }) => time === list[place]?.time).length
}
