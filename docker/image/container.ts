import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engine.ts'

/** The service and what calls it are on one machine. */
const NETWORK = ['--network', 'host']
/** How long a container may take to start or to stop, in ms. */
const PATIENCE = 60_000

/** Containers of one image, which are called by their name. */
export type Containers = {
  /** Starts the service with a volume for its data. */
  start: (
    name: string,
    options: { volume: string; env: Record<string, string>; user?: string },
  ) => Promise<void>
  /** Runs a command of the image to its end, and resolves with what it printed. Throws EngineError. */
  once: (env: Record<string, string>, args: string[], options?: string[]) => Promise<string>
  /** Runs a program in a container. */
  exec: (name: string, ...command: string[]) => Promise<string>
  /** Resolves once the engine calls it healthy. */
  healthy: (name: string) => Promise<void>
  /** Stops as an operator would; resolves with the exit status and how long it took, in ms. */
  stop: (name: string) => Promise<{ status: number; took: number }>
  /** Ends it without a chance to tidy up. */
  kill: (name: string) => Promise<void>
  remove: (name: string) => Promise<void>
}

export function createContainers(engine: Engine, tag: string): Containers {
  const { call } = engine
  return {
    async start(name, { volume, env, user }) {
      const options = [...engine.runOptions, ...NETWORK, ...variables(env), ...(user ? ['--user', user] : [])]
      await call('run', '--detach', '--name', name, '--volume', `${volume}:/data`, ...options, tag)
    },
    once: async (env, args, options = []) =>
      call('run', '--rm', ...engine.runOptions, ...NETWORK, ...variables(env), ...options, tag, ...args),
    exec: async (name, ...command) => call('exec', name, ...command),
    healthy: async name =>
      until(`${name} is healthy`, async () => {
        // Podman's health checks are run by timers of systemd, which need not be there.
        if (engine.name === 'podman') return call('healthcheck', 'run', name).then(() => true)
        return (await call('inspect', '--format', '{{.State.Health.Status}}', name)) === 'healthy'
      }),
    async stop(name) {
      const start = performance.now()
      await call('stop', '-t', String(PATIENCE / 1000), name)
      const took = performance.now() - start
      return { status: Number(await call('inspect', '--format', '{{.State.ExitCode}}', name)), took }
    },
    kill: async name => void (await call('kill', name)),
    remove: async name => void (await call('rm', '--force', name)),
  }
}

function variables(env: Record<string, string>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
}

/** Waits until it holds. Throws when that takes more than a minute, with the last error as the cause. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE
  let cause: unknown
  while (performance.now() < deadline) {
    const isSo = await holds().catch((error: unknown) => {
      cause = error
      return false
    })
    if (isSo) return
    await sleep(100)
  }
  throw new Error(`Not within ${PATIENCE / 1000} s: ${what}`, { cause })
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}
