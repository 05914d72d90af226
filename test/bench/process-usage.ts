import { globSync, readFileSync } from 'node:fs'

/** Seconds of processor time, and MB resident now and at most. */
export type Usage = { cpu: number; rss: number; peak: number }

/** The unit of the times in /proc: USER_HZ, which is 100 wherever Linux shows it to programs. */
const TICKS = 100
const NOTHING: Usage = { cpu: 0, rss: 0, peak: 0 }

/** What a process and those that it started and outlived used so far; zeros where the system has no /proc. */
export function usageOf(pid: number | undefined): Usage {
  const stat = statOf(pid)
  if (stat === undefined) return NOTHING
  const status = read(`/proc/${pid}/status`) ?? ''
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  return { cpu: stat.own + stat.children, rss: kilobytes('VmRSS') / 1000, peak: kilobytes('VmHWM') / 1000 }
}

/** What all processes of a group use together. */
export function usageOfGroup(leader: number | undefined): Usage {
  const members = globSync('/proc/[0-9]*')
    .map(path => Number(path.slice('/proc/'.length)))
    .filter(pid => statOf(pid)?.group === leader)
  return members.map(usageOf).reduce(add, NOTHING)
}

/** Seconds that the children of this process used which have ended. */
export function childrenCpu(): number {
  return statOf(process.pid)?.children ?? 0
}

function add(a: Usage, b: Usage): Usage {
  return { cpu: a.cpu + b.cpu, rss: a.rss + b.rss, peak: a.peak + b.peak }
}

/** The fields of proc(5) behind the name, which may hold anything. */
function statOf(pid: number | undefined) {
  const text = read(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const seconds = (index: number) => Number(fields[index]) / TICKS
  return { group: Number(fields[2]), own: seconds(11) + seconds(12), children: seconds(13) + seconds(14) }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process has ended, or this is no Linux.
    return undefined
  }
}
