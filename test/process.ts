import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

const MAIN = join(import.meta.dirname, '../src/main.js')

export type Running = {
  child: ChildProcess
  stdout: () => string
  stderr: () => string
  /** Resolves with the match as soon as what it printed on either stream matches. */
  until: (pattern: RegExp) => Promise<RegExpExecArray>
  exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Runs a command of the program as its own process; `imports` are modules for Node's `--import`. */
export function run(
  t: Test,
  args: string[],
  { env = {}, imports = [] }: { env?: NodeJS.ProcessEnv; imports?: string[] } = {},
): Running {
  const nodeArgs = imports.flatMap(module => ['--import', module])
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      ...coverageOf(process.env),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  const printed = new EventEmitter()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      texts[stream] += chunk
      printed.emit('text')
    })
  }
  const exit = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exit
  })
  return {
    child,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    exit,
    async until(pattern) {
      for (;;) {
        const match = pattern.exec(texts.stdout) ?? pattern.exec(texts.stderr)
        if (match) return match
        if (child.exitCode !== null)
          throw new Error(`it ended before ${pattern}: ${texts.stdout}${texts.stderr}`)
        await Promise.race([once(printed, 'text'), exit])
      }
    },
  }
}

/** What tap's coverage needs to reach the child. */
function coverageOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.includes('TAP')))
}
