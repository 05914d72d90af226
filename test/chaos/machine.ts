import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

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
  const fauxqs = readFileSync(join(import.meta.dirname, '../../node_modules/fauxqs/package.json'), 'utf8')
  const { version }: { version: string } = JSON.parse(fauxqs)
  const servers = Object.entries(PROGRAMS).map(
    ([name, [program, ...args]]) => `${name} ${versionOf(program, args)}`,
  )
  return [`Node ${process.versions.node}`, ...servers, 'Kafka 4.1.0', `fauxqs ${version}`].join(', ')
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
