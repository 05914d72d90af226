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
