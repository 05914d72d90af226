import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Docker or podman, and what the two want to be told differently. */
export type Engine = {
  name: 'docker' | 'podman'
  /** Runs it and resolves with what it printed. Throws what execFile throws, with all that it printed as the message. */
  call: (...args: string[]) => Promise<string>
  /** What a container printed on both of its streams. */
  logs: (name: string) => Promise<string>
  buildOptions: readonly string[]
  /** A container as an operator can make it who takes everything away: read-only, no capability and no way to get one. */
  runOptions: readonly string[]
  /** Ends what holds on to its storage, when that was made for this test. */
  release: () => void
}

const run = promisify(execFile)
/** Within any hard limit: the engines' own defaults may be above the one of this machine. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']

const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

/** The engine of this machine, or undefined. Podman gets a storage of its own under `scratch`. */
export function findEngine(scratch: string): Engine | undefined {
  if (succeeds('docker', ['info'])) {
    return {
      name: 'docker',
      call: caller('docker', []),
      logs: reader('docker', []),
      buildOptions: [],
      runOptions: HARDENED,
      release: () => {},
    }
  }
  const storage = join(scratch, 'storage')
  const own = [
    '--root',
    storage,
    '--runroot',
    join(scratch, 'run'),
    '--cgroup-manager=cgroupfs',
    // Podman's other runtime, crun, does not start where both versions of cgroups are mounted.
    ...(succeeds('runc', ['--version']) ? ['--runtime', 'runc'] : []),
  ]
  if (!succeeds('podman', [...own, 'info'])) return undefined
  return {
    name: 'podman',
    call: caller('podman', own),
    logs: reader('podman', own),
    // The format of Docker, because that of OCI has no health check.
    buildOptions: ['--format', 'docker', '--network', 'host', ...LIMITS],
    // Podman would put a writable file system on /tmp and others in spite of --read-only.
    runOptions: [...HARDENED, '--read-only-tmpfs=false', ...LIMITS],
    release: () => void spawnSync('umount', [join(storage, 'overlay')]),
  }
}

function caller(program: string, own: string[]): Engine['call'] {
  return async (...args) => {
    try {
      const { stdout } = await run(program, [...own, ...args], { maxBuffer: 64 * 1024 * 1024 })
      return stdout.trim()
    } catch (error) {
      const { stdout, stderr, code } = error as Record<'stdout' | 'stderr' | 'code', string>
      throw new EngineError(`${program} ${args[0]} ended with ${code}:\n${stdout}${stderr}`, stdout + stderr)
    }
  }
}

function reader(program: string, own: string[]): Engine['logs'] {
  return async name => {
    const { stdout, stderr } = await run(program, [...own, 'logs', name], { maxBuffer: 64 * 1024 * 1024 })
    return stdout + stderr
  }
}

/** A call of the engine that failed; `printed` is what it said. */
export class EngineError extends Error {
  readonly printed: string

  constructor(message: string, printed: string) {
    super(message)
    this.printed = printed
  }
}

/** Whether a program is there and ends well. */
export function succeeds(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 60_000 }).status === 0
}
