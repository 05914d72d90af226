import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Owner } from '../brokers/owner.ts'
import { assertFileUnmarked, assertUnmarked } from '../fixtures/marked.ts'
import { call } from './http.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** One line of the log. */
export type LogLine = { level: number; msg: string } & Record<string, unknown>

/** The service as a process of its own. */
export type Process = {
  pid: number | undefined
  /** Everything that it wrote to stdout and stderr. */
  output(): string
  /** The first line with this message, waited for; rejects when the process ends without one. */
  logged(msg: string): Promise<LogLine>
  /** Sends a signal and returns at once. */
  signal(signal: NodeJS.Signals): void
  /** The exit status, null when a signal killed it; all output is there by then. */
  exited: Promise<number | null>
}

/** A process whose listeners are open. */
export type Service = Process & { webhookUrl: string; publicUrl: string; adminUrl: string }

/** Environment variables; `DATA_DIR` is in a directory of the test's own. */
export type Variables = Record<string, string> & { DATA_DIR: string }

/** What every start needs: loopback, any free ports, nothing from this machine. */
export function variables(directory: string, more: Record<string, string> = {}): Variables {
  return {
    PUBLIC_URL: 'http://127.0.0.1:0',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    JELOU_PROJECT_ID: 'PROJECT_ID',
    DATA_DIR: join(directory, 'data'),
    ...more,
  }
}

/**
 * Runs `serve`, or the command of `args`, until it ends by itself or the test does; `nodeOptions` go before the program. Fails
 * when a secret of the tests is in its output or its files.
 */
export function run(
  t: Owner,
  environment: Variables,
  nodeOptions: string[] = [],
  args: string[] = ['serve'],
  /** A command that runs the rest of its arguments. */
  wrapper: string[] = [],
): Process {
  const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  // tap puts its loaders into the environment of whatever a test spawns; env(1) takes them out, for a start in half the time.
  const command = ['-i', ...assignments, ...wrapper, process.execPath, ...nodeOptions, MAIN, ...args]
  // Where the test's directory is there is no .env.
  const child = spawn('env', command, {
    cwd: dirname(environment.DATA_DIR),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close').then(([code]): number | null => code)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
    if (t.measures !== true) assertFilesUnmarked(environment)
  })
  return { pid: child.pid, ...watch(child, exited), signal: signal => void child.kill(signal), exited }
}

/** Throws when a secret of the tests stands in a file of the service: only the kept state may hold some, where nothing encrypts it. */
function assertFilesUnmarked({ DATA_DIR, STATE_ENCRYPTION_KEY }: Variables): void {
  // Some tests give it one that is none.
  if (statSync(DATA_DIR, { throwIfNoEntry: false })?.isDirectory() !== true) return
  for (const name of readdirSync(DATA_DIR))
    if (STATE_ENCRYPTION_KEY !== undefined || !name.startsWith('state.sqlite'))
      assertFileUnmarked(join(DATA_DIR, name))
}

/** Runs `serve` and waits for its listeners. */
export async function start(
  t: Owner,
  environment: Variables,
  nodeOptions?: string[],
  wrapper?: string[],
): Promise<Service> {
  const running = run(t, environment, nodeOptions, undefined, wrapper)
  const { publicUrl, adminUrl } = await running.logged('listening')
  const path = environment['WEBHOOK_PATH'] ?? '/webhook/jelou'
  return {
    ...running,
    publicUrl: String(publicUrl),
    adminUrl: String(adminUrl),
    webhookUrl: `${String(publicUrl)}${path}`,
  }
}

/** Starts, and waits until it is ready: registered, and able to take events. */
export async function startReady(t: Owner, environment: Variables): Promise<Service> {
  const service = await start(t, environment)
  await ready(service)
  return service
}

/** Resolves once the service says that it is ready. */
export async function ready({ publicUrl }: Service): Promise<void> {
  while ((await call(`${publicUrl}/readyz`)).status !== 200) await sleep(20)
}

/** Asks the process to end, and resolves with its exit status. */
export async function stop(service: Process, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  service.signal(signal)
  return service.exited
}

function watch(child: ChildProcess, exited: Promise<number | null>): Pick<Process, 'output' | 'logged'> {
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new TypeError('the output is not piped')
  const lines: string[] = []
  const log: LogLine[] = []
  const waiting = new Set<() => void>()
  createInterface(stdout).on('line', line => {
    assertUnmarked('the output', line)
    lines.push(line)
    if (line.startsWith('{"')) log.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  createInterface(stderr).on('line', line => {
    assertUnmarked('the output', line)
    lines.push(line)
  })
  const output = () => lines.join('\n')
  return {
    output,
    logged(msg) {
      const { promise, resolve, reject } = Promise.withResolvers<LogLine>()
      const look = () => {
        const line = log.find(line => line.msg === msg)
        if (line === undefined) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      look()
      void exited.then(status =>
        reject(new Error(`ended with ${status ?? 'a signal'}, without "${msg}":\n${output()}`)),
      )
      return promise
    },
  }
}
