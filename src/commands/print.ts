import type { Writable } from 'node:stream'
import { styleText } from 'node:util'

/** Colours and weights of `util.styleText`. */
export type Style = 'bold' | 'green' | 'yellow' | 'red' | 'cyan'

/** Gives a text its style where that can be seen: on a terminal that wants it (`NO_COLOR` and the like are respected). */
export function stylerOf(out: Writable): (style: Style, text: string) => string {
  return (style, text) => styleText(style, text, { stream: out })
}

/** For programs: JSON, indented. */
export function printJson(out: Writable, value: unknown): void {
  out.write(`${JSON.stringify(value, null, 2)}\n`)
}

/** For people: a line of text. */
export function printLine(out: Writable, text: string): void {
  out.write(`${text}\n`)
}
