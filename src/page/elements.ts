import { dayAndTime, timeOfDay } from './format.ts'
import { html, type Content, type Html } from './html.ts'

/** How things are: said by a shape and by words, and by a colour besides. */
export type Tone = 'good' | 'warn' | 'bad' | 'idle'

const SHAPES: Record<Tone, string> = { good: '●', warn: '▲', bad: '■', idle: '○' }

export function state(tone: Tone, words: Content): Html {
  return html`<span class="state ${tone}"
    ><span class="shape" aria-hidden="true">${SHAPES[tone]}</span> ${words}</span
  >`
}

/** A list of names and what they are; an entry without content is left out. */
export function terms(entries: readonly (readonly [name: string, content: Content])[]): Html {
  return html`<dl>
    ${entries
      .filter(([, content]) => content !== null)
      .map(
        ([name, content]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${content}</dd>
          </div>`,
      )}
  </dl>`
}

/** A time of today, in UTC. */
export function clock(time: string | number): Html {
  return html`<time datetime="${new Date(time).toISOString()}">${timeOfDay(time)}</time>`
}

/** A time that may be long ago, in UTC. */
export function date(time: string | number): Html {
  return html`<time datetime="${new Date(time).toISOString()}">${dayAndTime(time)}</time>`
}

/** A column of a table; `style` is the class of its cells. */
export type Column = { name: string; style?: 'number' | 'action' | 'headers' }

/**
 * A table. Each cell has the name of its column, which a narrow window shows instead of the head; and the roles are said, because
 * laid out like that it would be no table any more for who listens to it.
 */
export function table(caption: Content, columns: readonly Column[], rows: readonly Content[][]): Html {
  return html`<table role="table">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(
          ({ name, style }) => html`<th scope="col" role="columnheader" class="${style}">${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        row =>
          html`<tr role="row">
            ${columns.map((column, place) => cell(column, row[place]))}
          </tr>`,
      )}
    </tbody>
  </table>`
}

function cell({ name, style }: Column, content: Content): Html {
  return html`<td role="cell" data-label="${name}" class="${style}"><div>${content}</div></td>`
}
