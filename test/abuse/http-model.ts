/** One request as RFC 9112 has it; texts are latin1: one character for each byte. */
export type ModelRequest = {
  method: string
  target: string
  version: string
  /** Names in lower case, values without the white space around them, in their order. */
  headers: readonly (readonly [name: string, value: string])[]
  body: string
  /** False where the standard lets a server be lenient: it may take this or refuse it. */
  isStrict: boolean
}

/** What bytes are as HTTP/1.1: the requests in them, and what comes after the last: nothing, less than a request, or none. */
export type Reading = {
  requests: ModelRequest[]
  rest: 'nothing' | 'incomplete' | 'invalid'
  /** The method of the rest, if it got as far. */
  restMethod?: string
}

/** The rest is less than a request, or none. */
class Stop {
  readonly rest: 'incomplete' | 'invalid'
  constructor(rest: 'incomplete' | 'invalid') {
    this.rest = rest
  }
}

/** Node's parser takes the first lines of two other protocols as well, and says nothing of it. */
const REQUEST_LINE = /^([A-Z][A-Z-]*)( +)([!-~]+)( +)(HTTP|RTSP|ICE)\/(\d\.\d)$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// eslint-disable-next-line no-control-regex
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const CHUNK_LINE = /^([0-9A-Fa-f]+)((?:;[^\r\n\0]*)?)$/

/** Reads bytes as a server has to, written after RFC 9112 and knowing nothing of the parser under test. */
export function readHttp(bytes: string): Reading {
  const requests: ModelRequest[] = []
  const reader = new Reader(bytes)
  try {
    while (reader.skipEmptyLines()) {
      const request = reader.request()
      requests.push(request)
      if (endsConnection(request)) return { requests, rest: reader.isAtEnd() ? 'nothing' : 'invalid' }
    }
    return { requests, rest: 'nothing' }
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop
    return { requests, rest: stop.rest, restMethod: reader.method }
  }
}

/** All values of a header. */
export function valuesOf({ headers }: Pick<ModelRequest, 'headers'>, name: string): string[] {
  return headers.filter(([other]) => other === name).map(([, value]) => value)
}

function endsConnection(request: ModelRequest): boolean {
  const options = valuesOf(request, 'connection')
    .join(',')
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/)
  return options.includes('close') || (request.version === '1.0' && !options.includes('keep-alive'))
}

class Reader {
  /** Of the request that is being read. */
  method = ''
  readonly #bytes: string
  #at = 0

  constructor(bytes: string) {
    this.#bytes = bytes
  }

  isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Empty lines before a request line are passed over (RFC 9112, 2.2). False at the end. */
  skipEmptyLines(): boolean {
    while (this.#bytes[this.#at] === '\r' || this.#bytes[this.#at] === '\n') this.#at++
    return !this.isAtEnd()
  }

  request(): ModelRequest {
    this.method = ''
    const line = REQUEST_LINE.exec(this.#line())
    if (!line) throw new Stop('invalid')
    const [, method = '', before = '', target = '', after = '', protocol = '', version = ''] = line
    this.method = method
    const headers = this.#headers()
    const body = this.#body(
      valuesOf({ headers }, 'content-length'),
      valuesOf({ headers }, 'transfer-encoding'),
    )
    const isStrict = before + after + protocol === '  HTTP' && body.isStrict
    return { method, target, version, headers, body: body.text, isStrict }
  }

  #headers(): [string, string][] {
    const headers: [string, string][] = []
    for (let line = this.#line(); line !== ''; line = this.#line()) {
      const colon = line.indexOf(':')
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1)]
      if (colon < 1 || !NAME.test(name) || !VALUE.test(value)) throw new Stop('invalid')
      headers.push([name.toLowerCase(), value.replaceAll(/^[ \t]+|[ \t]+$/g, '')])
    }
    return headers
  }

  #body(lengths: string[], codings: string[]): { text: string; isStrict: boolean } {
    if (codings.length > 0) {
      // Both at once, or twice: a smuggler's request (6.3).
      if (lengths.length > 0 || codings.length > 1) throw new Stop('invalid')
      if (/(?:^|,)[ \t]*chunked$/i.test(codings[0] ?? '')) return this.#chunked()
      throw new Stop('invalid')
    }
    if (lengths.length === 0) return { text: '', isStrict: true }
    if (lengths.length > 1 || !/^\d+$/.test(lengths[0] ?? '')) throw new Stop('invalid')
    const length = Number(lengths[0])
    if (!Number.isSafeInteger(length)) throw new Stop('invalid')
    return { text: this.#take(length), isStrict: true }
  }

  #chunked(): { text: string; isStrict: boolean } {
    let text = ''
    let isStrict = true
    for (;;) {
      const [, hex = '', extension = ''] = CHUNK_LINE.exec(this.#line()) ?? []
      const size = Number.parseInt(hex, 16)
      if (!Number.isSafeInteger(size)) throw new Stop('invalid')
      if (hex.length > 13) isStrict = false
      // What an extension may look like is told differently by every parser.
      if (extension !== '' && !/^(?:;[a-z0-9]+=[a-z0-9]+)+$/.test(extension)) isStrict = false
      if (size === 0) {
        // Neither may stand there (RFC 9110, 6.5.1), and a server may be strict about it.
        const isFramed = this.#headers().some(([name]) => /^(?:content-length|transfer-encoding)$/.test(name))
        return { text, isStrict: isStrict && !isFramed }
      }
      text += this.#take(size)
      if (this.#take(2) !== '\r\n') throw new Stop('invalid')
    }
  }

  /** The next line, which ends with CR LF and has neither within. */
  #line(): string {
    const end = this.#bytes.indexOf('\n', this.#at)
    const line = this.#bytes.slice(this.#at, end === -1 ? undefined : end)
    const carriage = line.indexOf('\r')
    if (end === -1) throw new Stop(carriage === -1 || carriage === line.length - 1 ? 'incomplete' : 'invalid')
    if (line === '' || carriage !== line.length - 1) throw new Stop('invalid')
    this.#at = end + 1
    return line.slice(0, -1)
  }

  #take(length: number): string {
    if (this.#at + length > this.#bytes.length) throw new Stop('incomplete')
    const text = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return text
  }
}
