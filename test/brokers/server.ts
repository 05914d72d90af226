import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from './owner.ts'
import { membersOf } from '../fixtures/proc.ts'
import { untilStopped } from './stopped.ts'

/** A real server that a test uses: one of its own, which it may kill, or one that the environment names. */
export type Server = {
  host: string
  port: number
  /** What a test of its own needs to end, stop and begin the server; null for one that the environment names. */
  process: ServerProcess | null
}

export type ServerProcess = {
  /** Of the server itself, which leads a group of processes. */
  pid: () => number | undefined
  /** Ends it hard and waits until it is gone; its data stay. */
  kill: (signal?: NodeJS.Signals) => Promise<void>
  /** Starts it again on the same port and data, and waits until it answers. */
  start: () => Promise<void>
  /** SIGSTOP: connections stay open and nothing answers any more once it returns. */
  pause: () => void
  resume: () => void
}

export type Launch = {
  /** What the environment, the PATH and the names of skipped tests call it, such as `redis`. */
  name: string
  /** The program: a name on the PATH, or a path. */
  program: string
  /** Its arguments; `folder` is its scratch folder, which stays through a restart. */
  args: (at: { port: number; folder: string }) => string[]
  env?: (at: { port: number; folder: string }) => NodeJS.ProcessEnv
  /** Resolves once it answers, as its own protocol says; throws while it does not. The default is a TCP connection. */
  ready?: (at: { host: string; port: number }) => Promise<void>
  /** Prepares the scratch folder, once. */
  prepare?: (at: { port: number; folder: string }) => Promise<void>
  /** The most that it may take to start, in ms. */
  patience?: number
}

/**
 * Starts a server of its own on a random port of the loopback and stops it at the end of the test, or of whoever owns it. Where
 * `TEST_{NAME}_ADDRESS` (host:port) is set that one is used. Null when there is neither: the test is then skipped by
 * name, which REQUIRE_BROKERS=1 makes a failure.
 */
export async function launch(t: Owner, options: Launch): Promise<Server | null> {
  const address = process.env[`TEST_${options.name.toUpperCase()}_ADDRESS`]
  if (address !== undefined) {
    const { hostname: host, port } = new URL(`tcp://${address}`)
    return { host, port: Number(port), process: null }
  }
  if (!isOnPath(options.program)) {
    const reason = `${options.program} is not on the PATH, and TEST_${options.name.toUpperCase()}_ADDRESS is not set`
    if (process.env.REQUIRE_BROKERS === '1') t.fail(reason)
    else t.pass(options.name, { skip: reason })
    return null
  }
  const folder = await mkdtemp(join(tmpdir(), `jelou-receiver-${options.name}-`))
  const at = { host: '127.0.0.1', port: await freePort(), folder }
  await options.prepare?.(at)
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    // Without what tap gives its children: these are none of the programs under test.
    const { NODE_OPTIONS: _, ...environment } = process.env
    const started = spawn(options.program, options.args(at), {
      cwd: folder,
      env: { ...environment, ...options.env?.(at) },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it starts ends with it.
      detached: true,
    })
    child = started
    let output = ''
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4000)))
    const deadline = Date.now() + (options.patience ?? 60_000)
    for (;;) {
      try {
        await (options.ready ?? connects)(at)
        return
      } catch (cause) {
        if (started.exitCode !== null || Date.now() > deadline)
          throw new Error(`${options.name} does not start: ${output}`, { cause })
      }
      await sleep(50)
    }
  }

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const ending = child
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const gone = once(ending, 'close')
    signalGroup(ending.pid, signal)
    await gone
  }

  t.teardown(async () => {
    if (child?.pid !== undefined) signalGroup(child.pid, 'SIGCONT')
    await kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  await start()
  return {
    ...at,
    process: {
      pid: () => child?.pid,
      kill,
      start,
      pause() {
        if (child?.pid === undefined) return
        signalGroup(child.pid, 'SIGSTOP')
        untilStopped(membersOf(child.pid))
      },
      resume: () => child?.pid !== undefined && signalGroup(child.pid, 'SIGCONT'),
    },
  }
}

/** A port of the loopback that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function connects({ host, port }: { host: string; port: number }): Promise<void> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
