import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGES = [
  'fastify',
  'ioredis',
  'bullmq',
  'rabbitmq-client',
  '@nats-io/jetstream',
  '@platformatic/kafka',
  'fauxqs',
]
/** Programs, and how they say what they are. */
const PROGRAMS: Record<string, string[]> = {
  wrk: ['wrk', '-v'],
  Redis: ['redis-server', '--version'],
  RabbitMQ: ['dpkg-query', '-W', '-f=${Version}', 'rabbitmq-server'],
  NATS: ['nats-server', '--version'],
  Java: ['java', '--version'],
  "Debian's webhook": ['webhook', '-version'],
}

/** What the numbers depend on: processors, memory, system, versions. */
export function describeMachine(): Record<string, string> {
  const programs = Object.entries(PROGRAMS).map(([name, command]) => [name, versionBy(command)] as const)
  return {
    processors: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? arch()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    Node: process.version,
    SQLite: process.versions['sqlite'] ?? '',
    ...Object.fromEntries(programs.filter(([, version]) => version !== undefined)),
    ...Object.fromEntries(PACKAGES.map(name => [name, packageVersion(name)])),
  }
}

/** The commit that is measured; `+ changes` where files differ from it, those that a run writes apart. */
export function commitOf(): string {
  const commit = git('rev-parse', '--short=12', 'HEAD')?.trim()
  if (commit === undefined) return 'unknown'
  const changed = git('status', '--porcelain', '--', '.', ':!docs/benchmarks', ':!docs/scaling.md')?.trim()
  return changed === '' ? commit : `${commit} + changes`
}

function git(...args: string[]): string | undefined {
  return output('git', ['-C', ROOT, ...args])
}

function packageVersion(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json')
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
    : 'missing'
}

function versionBy([program = '', ...args]: string[]): string | undefined {
  return /\d+(?:\.\d+)+/.exec(output(program, args) ?? '')?.[0]
}

/** What a program prints, whatever its exit status; undefined when there is no such program. */
function output(program: string, args: string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch (error) {
    const { stdout, code } = error as { stdout?: string; code?: string }
    return code === 'ENOENT' ? undefined : stdout
  }
}
