import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { createRequire } from 'node:module'

const GB = 1024 ** 3

/** How a program tells its version. */
const PROGRAMS = {
  Redis: ['redis-server', '--version'],
  RabbitMQ: ['/usr/lib/rabbitmq/bin/rabbitmqctl', 'version'],
  NATS: ['nats-server', '--version'],
  PostgreSQL: ['psql', '--version'],
} as const

/** The machine in a line: cores, memory, kernel. */
export function machine(): string {
  const [{ model } = { model: '' }] = cpus()
  return `${cpus().length} cores (${model.trim()}), ${Math.round(totalmem() / GB)} GB of memory, Linux ${release()}`
}

/** The versions of what takes part in a run, in a line. */
export function versions(): string {
  const { version: fauxqs } = createRequire(import.meta.url)('fauxqs/package.json') as { version: string }
  const servers = Object.entries(PROGRAMS).map(
    ([name, [program, ...args]]) => `${name} ${versionOf(program, args)}`,
  )
  return [`Node ${process.versions.node}`, ...servers, 'Kafka 4.1.0', `fauxqs ${fauxqs}`].join(', ')
}

function versionOf(program: string, args: readonly string[]): string {
  const told = output(program, ...args)
  return /\d+\.\d+(?:\.\d+)?/.exec(told)?.[0] ?? '(not there)'
}

/** The commit that is checked out, and whether files differ from it. */
export function commit(): string {
  const id = output('git', 'rev-parse', '--short', 'HEAD').trim()
  if (id === '') return 'unknown'
  // What a run writes its report into may differ.
  const differs = output(
    'git',
    'status',
    '--porcelain',
    '--',
    'src',
    'test',
    'package.json',
    'package-lock.json',
  )
  return differs.trim() === '' ? id : `${id} with changes`
}

function output(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
