import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EventFile } from './events.ts'
import { childrenCpu } from '../process-usage.ts'

/** In ms. */
export type Latency = { p50: number; p99: number; p999: number; max: number }
/** `inTime`: those of them that came before the end, and after the ramp. */
export type Answered = { count: number; inTime: number } & Latency

/** What came of sending. `seconds` is how long it took; `cpu` what the sender itself used of the processors, in seconds. */
export type LoadResult = {
  /** By status; those that came after the end are in it too. */
  statuses: Record<string, Answered>
  /** Connections that failed under a request. */
  broken: number
  /** How many requests were taken from the file. */
  used: number
  /** Those that became due and found no connection to the end: they waited at the sender. Of a constant rate only. */
  unsent: number
  seconds: number
  cpu: number
}

/** How many requests were answered 200. */
export function taken({ statuses }: LoadResult): number {
  return statuses[200]?.count ?? 0
}

/** How many requests were answered, whatever with. */
export function answers({ statuses }: LoadResult): number {
  return Object.values(statuses).reduce((sum, { count }) => sum + count, 0)
}

/** What to send: requests of the file behind the first `skip`. */
export type LoadOptions = {
  url: string
  events: EventFile
  skip?: number
  connections: number
  seconds: number
  /** What every request is answered with; wrk tells only how many were refused. */
  status?: number
}

/** Who sends. Its processes run on processors of their own where there are some to spare. */
export type Sender = { tool: 'wrk' | 'generator'; processors?: string }

const SCRIPT = join(import.meta.dirname, 'wrk.lua')
const GENERATOR = join(import.meta.dirname, 'generator.ts')
const run = promisify(execFile)

/** wrk takes two thirds of what our own generator takes of the processors; where it is missing that one will do. */
export function chooseSender(processors?: string): Sender {
  const hasWrk = spawnSync('wrk', ['-v']).error === undefined
  return { tool: hasWrk ? 'wrk' : 'generator', ...(processors !== undefined && { processors }) }
}

/** As many requests as the receiver answers: each connection sends the next when the one before is answered. */
export function closedLoop(sender: Sender, options: LoadOptions): Promise<LoadResult> {
  return sender.tool === 'wrk' ? runWrk(sender, options) : runGenerator(sender, options)
}

/** How a constant rate is sent, per second. */
export type Pace = {
  rate: number
  /**
   * More than can be answered: latencies count from the sending instead of from when a request was due, and what found no
   * connection before the end is never sent.
   */
  overload?: boolean
  /** So many seconds come before the others, and what is answered in them is not in time: until an overload is one. */
  ramp?: number
}

/** So many requests a second, evenly, whatever the answers do; always by our own generator, since wrk cannot. */
export function openLoop(sender: Sender, options: LoadOptions & Pace): Promise<LoadResult> {
  return runGenerator(sender, options)
}

async function runGenerator(
  sender: Sender,
  { events, overload = false, ...options }: LoadOptions & Partial<Pace>,
): Promise<LoadResult> {
  const { status: _, ...values } = { ...options, ...events }
  const args = Object.entries(values).map(([name, value]) => `--${name}=${value}`)
  if (overload) args.push('--overload')
  const { stdout } = await pinned(sender, process.execPath, [GENERATOR, ...args])
  return { seconds: options.seconds, ...(JSON.parse(stdout) as Omit<LoadResult, 'seconds'>) }
}

type WrkReport = Latency & {
  answers: number
  refused: number
  broken: number
  used: number
  duration: number
}

async function runWrk(
  sender: Sender,
  { url, events, skip = 0, connections, seconds, status = 200 }: LoadOptions,
): Promise<LoadResult> {
  const { file, record, count } = events
  const before = childrenCpu()
  const own = { threads: 1, connections, duration: `${seconds}s`, timeout: '10s', script: SCRIPT }
  const args = Object.entries(own).map(([name, value]) => `--${name}=${value}`)
  const scripted = ['--', file, `${record}`, `${count}`, `${skip}`]
  const { stdout } = await pinned(sender, 'wrk', [...args, url, ...scripted])
  const report = JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1)) as WrkReport
  const { answers, refused, broken, used, duration } = report
  const latency = { p50: ms(report.p50), p99: ms(report.p99), p999: ms(report.p999), max: ms(report.max) }
  const taken = status === 200 ? answers - refused : 0
  return {
    statuses: {
      ...(taken > 0 && { 200: { count: taken, inTime: taken, ...latency } }),
      ...(answers > taken && {
        [status === 200 ? 'refused' : status]: {
          count: answers - taken,
          inTime: answers - taken,
          ...latency,
        },
      }),
    },
    broken,
    used,
    unsent: 0,
    seconds: duration / 1e6,
    cpu: childrenCpu() - before,
  }
}

function pinned({ processors }: Sender, program: string, args: string[]): Promise<{ stdout: string }> {
  return processors === undefined
    ? run(program, args)
    : run('taskset', ['--cpu-list', processors, program, ...args])
}

function ms(microseconds: number): number {
  return microseconds / 1000
}
