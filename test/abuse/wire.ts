import type { Random } from './random.ts'
import type { Draft } from './requests.ts'

/** The bytes of a request, as latin1, as a good client writes it. */
export function write(draft: Draft, random: Random): string {
  const { framing, body } = draft
  const lines = draft.headers.map(([name, value]) => `${name}: ${value}\r\n`)
  if (framing === 'length')
    lines.splice(random.below(lines.length + 1), 0, `Content-Length: ${body.length}\r\n`)
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked\r\n')
  const text = framing === 'chunked' ? chunked(body, random) : framing === 'length' ? body : ''
  return `${draft.method} ${draft.target} HTTP/${draft.version}\r\n${lines.join('')}\r\n${text}`
}

/** The body in chunks of random sizes, some with zeros before the size, extensions or a trailer. */
function chunked(body: string, random: Random): string {
  let text = ''
  const most = random.pick([1 + body.length, 1 + body.length, 100 + (body.length >> 4)])
  for (let at = 0; at < body.length;) {
    const size = 1 + random.below(Math.min(most, body.length - at))
    const hex = random.chance(0.5) ? size.toString(16) : size.toString(16).toUpperCase()
    const zeros = random.chance(0.1) ? '000' : ''
    const extension = random.chance(0.1) ? `;a=${random.word(3)}` : ''
    text += `${zeros}${hex}${extension}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  const trailer = random.chance(0.1) ? 'X-Jelou-Signature: sha256=00\r\nHost: y\r\n' : ''
  return `${text}0\r\n${trailer}\r\n`
}

type Damage = (bytes: string, random: Random) => string

const insert = (bytes: string, at: number, text: string) => bytes.slice(0, at) + text + bytes.slice(at)
const headEnd = (bytes: string) => bytes.indexOf('\r\n\r\n') + 2
const withLine = (bytes: string, line: string) => insert(bytes, headEnd(bytes), line)

/** What smugglers and noise make of the bytes; where it applies to nothing of them, they stay as they are. */
const DAMAGES: Record<string, Damage> = {
  'a second length': (bytes, random) =>
    withLine(
      bytes,
      `Content-Length: ${random.pick(['0', '5', '1', '', '-1', '+5', '0x5', '5,5', '5 5', '1e1', '99999999999999999999', '18446744073709551617'])}\r\n`,
    ),
  'another length': (bytes, random) =>
    bytes.replace(/Content-Length: (\d+)/, (_line, length: string) => {
      const lengths = [
        `+${length}`,
        `0x${Number(length).toString(16)}`,
        `${length},${length}`,
        `${length} `,
        `0${length}`,
        `${length}.0`,
        `-${length}`,
        `${length}\t`,
        `\t${length}`,
        String(Number(length) + 1),
        String(Math.max(0, Number(length) - 1)),
        `${length}\x0b`,
        `${length};`,
        '\xd9\xa3',
      ]
      return `Content-Length: ${random.pick(lengths)}`
    }),
  'a transfer coding': (bytes, random) =>
    withLine(
      bytes,
      `Transfer-Encoding: ${random.pick(['chunked', 'Chunked', 'identity', 'gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'xchunked', 'chunked;a=b', '"chunked"', '\x0bchunked', 'chunked\xa0', ''])}\r\n`,
    ),
  'a coding written oddly': (bytes, random) =>
    withLine(
      bytes,
      random.pick([
        'Transfer-Encoding : chunked\r\n',
        'Transfer-Encoding:\tchunked\r\n',
        'Transfer-Encoding:\r\n chunked\r\n',
        'Transfer\0-Encoding: chunked\r\n',
        ' Transfer-Encoding: chunked\r\n',
        'Transfer_Encoding: chunked\r\n',
        'X: x\nTransfer-Encoding: chunked\r\n',
        'X: x\rTransfer-Encoding: chunked\r\n',
        'Content-Length\xa0: 5\r\n',
      ]),
    ),
  'a chunk size': (bytes, random) =>
    bytes.replace(/\r\n\r\n([0-9a-fA-F]+)\r\n/, (_line, size: string) => {
      const sizes = [
        `0x${size}`,
        `+${size}`,
        `-${size}`,
        ` ${size}`,
        `${size} `,
        `${size};`,
        `${size};${'x'.repeat(20_000)}`,
        `${size};a="\r"`,
        `${'0'.repeat(20)}${size}`,
        'ffffffffffffffffff',
        `${size}\n`,
        '',
        'g',
        `${size};a\0`,
      ]
      return `\r\n\r\n${random.pick(sizes)}\r\n`
    }),
  'the end of a chunk': (bytes, random) =>
    bytes.replace(
      /\r\n0\r\n\r\n$/,
      random.pick([
        '0\r\n\r\n',
        '\n0\r\n\r\n',
        '\r\n0\r\n',
        '\r\n0\n\n',
        '\r\n00\r\n\r\n',
        '\r\n0\r\nX\r\n\r\n',
        '\r\n0\r\nContent-Length: 5\r\n\r\n',
        '\r\n0\r\n: x\r\n\r\n',
        'xx\r\n0\r\n\r\n',
      ]),
    ),
  'a line that is folded, nameless or cut': (bytes, random) =>
    withLine(
      bytes,
      random.pick([
        'X: a\r\n b\r\n',
        'X: a\r\n\tb\r\n',
        ': x\r\n',
        '\x20: x\r\n',
        'X\r\n',
        'X y: z\r\n',
        'X: a\0b\r\n',
        'X: a\rb\r\n',
        'X: a\nb: c\r\n',
        '\0: x\r\n',
        'X: \x7f\r\n',
        'X: \x1b[2J\r\n',
        'é: x\r\n',
        '(x): y\r\n',
        'X:\r\n',
        'Host\r\n',
      ]),
    ),
  'line ends': (bytes, random) =>
    bytes.replace(/\r\n/, random.pick(['\n', '\r', '\r\r\n', '\n\r\n', '\0\r\n', ' \r\n', '\t\r\n'])),
  'the request line': (bytes, random) =>
    bytes.replace(/^(\S+) (\S+) HTTP\/(\S+)/, (line, method: string, target: string, version: string) =>
      random.pick([
        `${method}  ${target} HTTP/${version}`,
        `${method}\t${target} HTTP/${version}`,
        ` ${line}`,
        `\r\n${line}`,
        `${line} `,
        `${line} x`,
        `${method} ${target}`,
        `${method} ${target} http/${version}`,
        `${method} ${target} HTTP/1.1.1`,
        `${method} ${target} HTTP/11`,
        `${method} ${target}\0 HTTP/${version}`,
        `${method} ${target}\x01 HTTP/${version}`,
        `${method} ${target}\xe9 HTTP/${version}`,
        `${method} ${target}\x7f HTTP/${version}`,
        `${method}  HTTP/${version}`,
        `${method} ${target} ICE/${version}`,
        `${method} ${target} RTSP/1.0`,
        `\0${line}`,
        `CONNECT x:1 HTTP/1.1`,
        `PRI * HTTP/2.0`,
        `SOURCE ${target} HTTP/${version}`,
      ]),
    ),
  'bytes changed': (bytes, random) => {
    let changed = bytes
    for (let i = 0; i <= random.below(4); i++) {
      const at = random.below(Math.min(changed.length, 600))
      const repeated = changed.slice(at, at + random.below(40)).repeat(2)
      const by = random.pick([random.bytes(1), '', '\0', '\n', '\r\n', repeated])
      changed = changed.slice(0, at) + by + changed.slice(at + random.below(3))
    }
    return changed
  },
  'cut off': (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  'a part left out': (bytes, random) => {
    const at = random.below(bytes.length)
    return bytes.slice(0, at) + bytes.slice(at + random.below(200))
  },
  'another protocol': (_bytes, random) =>
    random.pick([
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
      '*1\r\n$4\r\nPING\r\n',
      '{"event":"x"}\n',
      '\0\0\0\0',
      'EHLO x\r\n',
      random.bytes(200),
    ]),
}

const DAMAGE_NAMES = Object.keys(DAMAGES)

/** The bytes with one kind of damage, by its name. */
export function damage(bytes: string, random: Random): string {
  return DAMAGES[random.pick(DAMAGE_NAMES) ?? '']?.(bytes, random) ?? bytes
}
