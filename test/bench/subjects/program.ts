import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Owner } from '../../brokers/owner.ts'
import { SECRET, TOKEN } from '../load/events.ts'

const FOLDER = join(import.meta.dirname, '../baselines')

/** Runs a program of `baselines/`, which prints its origin when it listens, and ends with the owner. */
export async function startProgram(
  owner: Pick<Owner, 'teardown'>,
  name: string,
  environment: Record<string, string> = {},
): Promise<{ url: string; pid: number | undefined }> {
  const child = spawn(process.execPath, [join(FOLDER, name)], {
    env: { NODE_ENV: 'production', SECRET, TOKEN, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  owner.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const [url] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(([status]) => {
      throw new Error(`${name} ended with ${status}`)
    }),
  ])) as [string]
  return { url, pid: child.pid }
}
