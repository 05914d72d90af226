import { date, table, type Column } from '../elements.ts'
import { formatCount } from '../format.ts'
import { html, type Content, type Html } from '../html.ts'
import type { DeadLetterHead } from '../sources.ts'

/** Where the form goes. */
export const REDRIVE_PATH = '/redrive'

const COLUMNS: Column[] = [
  { name: 'Number' },
  { name: 'Event' },
  { name: 'Attempts', style: 'number' },
  { name: 'Died' },
  { name: 'Reason' },
  { name: 'Action', style: 'action' },
]

/** What failed too often, and the buttons that send it again. `total` is of all; these are the first. */
export function deadLetters(
  letters: readonly DeadLetterHead[] | null,
  total: number,
  csrfToken: string,
): Html {
  if (letters === null) return html`<p class="none">The queue cannot be read now.</p>`
  if (letters.length === 0) return html`<p class="none">There are no dead letters.</p>`
  const shown = total > letters.length ? `The first ${formatCount(letters.length)} of ` : ''
  return html`<form method="post" action="${REDRIVE_PATH}">
    <input type="hidden" name="csrf" value="${csrfToken}" />
    ${table(`${shown}${formatCount(total)}, oldest first; times in UTC`, COLUMNS, letters.map(row))}
    <p class="actions">
      <button id="redrive-all" name="seq" value="">Redrive all ${formatCount(total)}</button>
    </p>
  </form>`
}

function row({ seq, event, attempts, diedAt, reason }: DeadLetterHead): Content[] {
  return [
    seq,
    event === null
      ? 'unknown'
      : html`${event.type} <code title="${event.id}">${event.id.slice(0, 12)}</code>`,
    formatCount(attempts),
    date(diedAt),
    reason,
    html`<button id="redrive-${seq}" name="seq" value="${seq}">
      Redrive<span class="visually-hidden"> number ${seq}</span>
    </button>`,
  ]
}
