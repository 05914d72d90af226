/** An answer as it came: `text` is its body. */
export type WireAnswer = { status: number; headers: ReadonlyMap<string, string>; text: string }

/** Reads answers of HTTP/1.1 off a connection; answers without a length are an error here, because this service sends none. */
export class AnswerReader {
  readonly answers: WireAnswer[] = []
  readonly #isBodiless: (index: number) => boolean
  #buffer = ''

  /** Of which answers it is known that they have no body, whatever their headers say. */
  constructor(isBodiless: (index: number) => boolean) {
    this.#isBodiless = isBodiless
  }

  /** Takes what came. */
  push(text: string): void {
    this.#buffer += text
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n')
      if (end === -1) return
      const [statusLine = '', ...lines] = this.#buffer.slice(0, end).split('\r\n')
      const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Z][\w ']*$/.exec(statusLine)?.[1])
      if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(statusLine.slice(0, 100))}`)
      const headers = new Map(
        lines.map(line => [
          line.slice(0, line.indexOf(':')).toLowerCase(),
          line.slice(line.indexOf(':') + 2),
        ]),
      )
      if (status === 100) {
        this.#buffer = this.#buffer.slice(end + 4)
        continue
      }
      const length = Number(headers.get('content-length'))
      if (Number.isNaN(length)) throw new Error(`an answer without a length: ${statusLine}`)
      const from = end + 4
      const to = from + (this.#isBodiless(this.answers.length) ? 0 : length)
      if (this.#buffer.length < to) return
      this.answers.push({ status, headers, text: this.#buffer.slice(from, to) })
      this.#buffer = this.#buffer.slice(to)
    }
  }

  /** What is left is no whole answer. */
  get rest(): string {
    return this.#buffer
  }
}
