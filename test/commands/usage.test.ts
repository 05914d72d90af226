import t from 'tap'
import { COMMANDS } from '../../src/cli.ts'
import { invoke } from './invoke.ts'

const TEXTS: [value: string, said: string][] = [['', 'must not be empty (it is "")']]
const NUMBERS = ['', '0', '-1', '1.5', 'abc', '1e3', ' 1', '1000000000'].map((value): [string, string] => [
  value,
  `must be a whole number from 1 to 999999999 (it is ${JSON.stringify(value)})`,
])
const PORTS = ['', 'x1', '-1', '65536', '99999', '80.5'].map((value): [string, string] => [
  value,
  `must be a port number, 0 to 65535 (it is "${value}")`,
])
const NOT_A_URL = 'must be an HTTP or HTTPS URL without user, query or fragment'
const URLS: [string, string][] = [
  ...['', 'localhost:3001', 'http://', 'http:', 'ftp://127.0.0.1', 'http://h:99999', 'http://a b/'].map(
    (value): [string, string] => [value, `${NOT_A_URL} (it is "${value}")`],
  ),
  // What may be a secret is not repeated.
  ...['http://user:s3cret@h/', 'http://h/?token=s3cret', 'http://h/#s3cret', 'user:s3cret@h:1'].map(
    (value): [string, string] => [value, `${NOT_A_URL}\n`],
  ),
]
const SEQS = ['', '0', '-1', 'x', '1.5', '1e3', '9999999999999999'].map((value): [string, string] => [
  value,
  `must be the number of a dead letter (it is "${value}")`,
])

/** For each option that takes a value, what it refuses and how. */
const WRONG: Record<string, Record<string, [value: string, said: string][]>> = {
  status: { url: URLS },
  doctor: { url: URLS },
  send: { url: URLS },
  rejected: { url: URLS },
  register: { url: URLS },
  rotate: { url: URLS },
  unregister: { url: URLS },
  consume: { url: URLS },
  replay: { url: URLS, seq: SEQS },
  simulate: {
    host: TEXTS,
    port: PORTS,
    project: TEXTS,
    'api-key': TEXTS,
    'client-id': TEXTS,
    'client-secret': TEXTS,
    shape: [['round', 'must be one of plain, wrapped (it is "round")']],
    'second-create': [
      ['200', 'must be one of 409, 422, 400, new-secret, no-secret (it is "200")'],
      ['', 'must be one of'],
    ],
    fault: [
      ['oops', 'must be a fault as JSON (Invalid input: expected object'],
      ['{"status":7}', 'must be a fault as JSON (status: Too small'],
      ['{"nope":1}', 'must be a fault as JSON (Unrecognized key: "nope")'],
      ['[]', 'must be a fault as JSON'],
    ],
    count: NUMBERS,
    rate: NUMBERS,
    rooms: NUMBERS,
    type: [['carrier-pigeon', 'must be one of text, image, ']],
    'redeliver-every': NUMBERS,
  },
}

t.test('a wrong value of any option is wrong usage, said before anything is done', async t => {
  for (const [name, { load, summary }] of COMMANDS) {
    const { command } = await load()
    const valued = Object.entries(command.options).filter(([, { type }]) => type === 'string')
    t.same(new Set(Object.keys(WRONG[name] ?? {})), new Set(valued.map(([option]) => option)), name)
    for (const [option, cases] of Object.entries(WRONG[name] ?? {}))
      for (const [value, said] of cases) {
        const arg = `--${option}=${value}`
        const { status, out, err } = await invoke([name, arg])
        t.same({ status, out }, { status: 2, out: '' }, `${name} ${arg}`)
        t.equal(err.slice(0, option.length + said.length + 3), `--${option} ${said}`)
        t.ok(err.endsWith(`\n\n${name}: ${summary}\n\n${command.help}`), 'with the help')
        t.notMatch(err, 's3cret')
      }
  }
})

t.test(
  'an unknown option, a value too many or too few, and a word besides are wrong usage of every command',
  async t => {
    for (const [name, { load }] of COMMANDS) {
      const { command } = await load()
      const options = Object.entries(command.options)
      const wrong = [
        ['--nope'],
        ['--limit', '-1'],
        ['-x'],
        ['word'],
        ...options.map(([option, { type }]) => [type === 'boolean' ? `--${option}=1` : `--${option}`]),
      ]
      for (const args of wrong) {
        const { status, out, err } = await invoke([name, ...args])
        t.same({ status, out }, { status: 2, out: '' }, [name, ...args].join(' '))
        t.match(err, `\n\n${name}: `)
      }
    }
  },
)

t.test('all that is wrong is named at once, also where an option is given several times', async t => {
  const { status, err } = await invoke([
    'simulate',
    '--type',
    'text',
    '--type',
    'fax',
    '--count=x',
    '--rate=y',
  ])
  t.equal(status, 2)
  t.match(err, /--count must .*; --rate must .*; --type must be one of .* \(it is "fax"\)\n/)
})

t.test('to unregister where nobody can be asked is wrong usage without --yes', async t => {
  const { status, err } = await invoke(['unregister'])
  t.equal(status, 2)
  t.match(err, /^unregister needs --yes where nobody can be asked.*\n\nunregister: /)
})
