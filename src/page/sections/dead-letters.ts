import { date } from '../elements.ts'
import { formatCount } from '../format.ts'
import { html, type Html } from '../html.ts'
import type { DeadLetterHead } from '../sources.ts'

/** Where the forms go. */
export const REDRIVE_PATH = '/redrive'

/** What failed too often, and the buttons that send it again. `total` is of all; these are the first. */
export function deadLetters(
  letters: readonly DeadLetterHead[] | null,
  total: number,
  csrfToken: string,
): Html {
  if (letters === null) return html`<p class="none">The queue cannot be read now.</p>`
  if (letters.length === 0) return html`<p class="none">There are no dead letters.</p>`
  return html`<form method="post" action="${REDRIVE_PATH}">
    <input type="hidden" name="csrf" value="${csrfToken}" />
    <table>
      <caption>
        ${total > letters.length && html`The first ${formatCount(letters.length)} of `}${formatCount(total)},
        oldest first; times in UTC
      </caption>
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">Event</th>
          <th scope="col" class="number">Attempts</th>
          <th scope="col">Died</th>
          <th scope="col">Reason</th>
          <th scope="col" class="action">Action</th>
        </tr>
      </thead>
      <tbody>
        ${letters.map(row)}
      </tbody>
    </table>
    <p class="actions">
      <button id="redrive-all" name="seq" value="">Redrive all ${formatCount(total)}</button>
    </p>
  </form>`
}

function row({ seq, event, attempts, diedAt, reason }: DeadLetterHead): Html {
  return html`<tr>
    <td data-label="Number">${seq}</td>
    <td data-label="Event">
      ${event === null ? 'unknown' : html`${event.type} <code title="${event.id}">${event.id.slice(0, 12)}</code>`}
    </td>
    <td data-label="Attempts" class="number">${formatCount(attempts)}</td>
    <td data-label="Died">${date(diedAt)}</td>
    <td data-label="Reason">${reason}</td>
    <td data-label="Action" class="action">
      <button id="redrive-${seq}" name="seq" value="${seq}">
        Redrive<span class="visually-hidden"> number ${seq}</span>
      </button>
    </td>
  </tr>`
}
