import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'

const program = 'strace'

/** What is traced: whatever changes files or their names, syncs them, or writes to anybody. */
const CALLS =
  'openat,open,creat,close,write,writev,pwrite64,pwritev,pwritev2,fdatasync,fsync,sync_file_range,ftruncate,truncate,' +
  'fallocate,rename,renameat,renameat2,unlink,unlinkat,link,linkat,mkdir,mkdirat,sendto,sendmsg'

/** One system call. `begun` and `ended` are places in the trace: what ended before another began was over by then. */
export type Call = {
  name: string
  begun: number
  ended: number
  /** What the first argument, a descriptor, stands for; undefined when it is none. */
  path: string | undefined
  /** All texts among the arguments, whole. */
  texts: Buffer[]
  /** The arguments as they were written, without the texts. */
  rest: string
  result: number
  /** What the result, a descriptor, stands for. */
  opened: string | undefined
}

/** Whether the process of a test may trace others; where not, the test is skipped by name, or fails with REQUIRE_BROKERS=1. */
export function canTrace(t: Test): boolean {
  const { status, error } = spawnSync(program, ['-f', '-o', '/dev/null', 'true'])
  if (error === undefined && status === 0) return true
  const reason = `${program} ${error === undefined ? 'may not trace here' : 'is not installed'}`
  if (process.env.REQUIRE_BROKERS === '1') t.fail(reason)
  else t.pass(t.name, { skip: reason })
  return false
}

/** What to put before a command so that it and all its threads are traced to a file. It stays the child of who runs it. */
export function tracing(file: string): [program: string, ...args: string[]] {
  return [
    program,
    '-f',
    '-D',
    '-y',
    '-xx',
    '-s',
    '1048576',
    '-e',
    `trace=${CALLS}`,
    '-e',
    'signal=none',
    '-o',
    file,
  ]
}

const HEX = String.raw`(?:\\x[0-9a-f]{2})*`
const UNFINISHED = ' <unfinished ...>'
const RESUMED = /^<\.\.\. \w+ resumed>/
const TEXT = new RegExp(`"(${HEX})"(\\.\\.\\.)?`, 'g')

/** Reads a trace. Calls that never returned are left out. Throws when it cannot be read, or a text in it is not whole. */
export function parseTrace(trace: string): Call[] {
  const calls: Call[] = []
  const open = new Map<string, { text: string; begun: number }>()
  for (const [place, line] of trace.split('\n').entries()) {
    const [, thread = '', said = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (said === '' || said.startsWith('+++') || said.startsWith('---')) continue
    if (said.endsWith(UNFINISHED)) {
      open.set(thread, { text: said.slice(0, -UNFINISHED.length), begun: place })
      continue
    }
    const isResumed = RESUMED.test(said)
    const before = isResumed ? open.get(thread) : undefined
    const text = isResumed ? `${before?.text ?? ''}${said.replace(RESUMED, '')}` : said
    const call = parseCall(text, { begun: before?.begun ?? place, ended: place })
    if (call !== undefined) calls.push(call)
  }
  return calls
}

function parseCall(text: string, { begun, ended }: { begun: number; ended: number }): Call | undefined {
  const [, name = '', given = '', result = '', opened] =
    /^(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>)?(?: .*)?$/s.exec(text) ?? []
  if (name === '') throw new Error(`not a call: ${text.slice(0, 200)}`)
  // The process ended in it.
  if (result === '?') return undefined
  const texts: Buffer[] = []
  const rest = given.replaceAll(TEXT, (_whole, hex: string, cut: string | undefined) => {
    if (cut !== undefined) throw new Error(`a text that is not whole: ${name}`)
    texts.push(bytesOf(hex))
    return '""'
  })
  const path = /^-?\d+<([^>]*)>/.exec(rest)?.[1]
  return {
    name,
    begun,
    ended,
    path: path === undefined ? undefined : String(bytesOf(path)),
    texts,
    rest,
    result: Number(result),
    opened: opened === undefined ? undefined : String(bytesOf(opened)),
  }
}

/** What is written as hex, or as it is. */
function bytesOf(written: string): Buffer {
  return written.startsWith('\\x') ? Buffer.from(written.replaceAll('\\x', ''), 'hex') : Buffer.from(written)
}
