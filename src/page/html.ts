/** Text that is HTML already. Only {@link html} makes it, so that whatever else is put into a page is escaped. */
class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}
export type { Html }

/** What may stand in a template: HTML as it is, text and numbers escaped, lists one after another, the rest not at all. */
export type Content = Html | string | number | false | null | undefined | readonly Content[]

/**
 * A piece of HTML, in which no value can become markup: good for text, and for attributes in quotes. Throws TypeError when
 * a value stands right behind an equals sign, where a space in it would begin an attribute of its own.
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  const parts = strings.map((string, place) => {
    if (place === values.length) return string
    if (string.endsWith('=')) throw new TypeError(`put quotes around the value behind ${string.slice(-40)}`)
    return string + written(values[place])
  })
  return new Html(parts.join(''))
}

function written(content: Content): string {
  if (content === false || content === null || content === undefined) return ''
  if (content instanceof Html) return content.toString()
  if (typeof content === 'object') return content.map(written).join('')
  return String(content).replaceAll(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
