import { membersOf, readProc, statFields } from '../fixtures/proc.ts'

/** Seconds of processor time, and MB resident now and at most. */
export type Usage = { cpu: number; rss: number; peak: number }

/** The unit of the times in /proc: USER_HZ, which is 100 wherever Linux shows it to programs. */
const TICKS = 100
const NOTHING: Usage = { cpu: 0, rss: 0, peak: 0 }

/** What a process and those that it started and outlived used so far; zeros where the system has no /proc. */
export function usageOf(pid: number | undefined): Usage {
  const stat = statOf(pid)
  if (stat === undefined) return NOTHING
  const status = readProc(`${pid}/status`) ?? ''
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  return { cpu: stat.own + stat.children, rss: kilobytes('VmRSS') / 1000, peak: kilobytes('VmHWM') / 1000 }
}

/** What all processes of a group use together. */
export function usageOfGroup(leader: number | undefined): Usage {
  return leader === undefined ? NOTHING : membersOf(leader).map(usageOf).reduce(add, NOTHING)
}

/** Seconds that the children of this process used which have ended. */
export function childrenCpu(): number {
  return statOf(process.pid)?.children ?? 0
}

function add(a: Usage, b: Usage): Usage {
  return { cpu: a.cpu + b.cpu, rss: a.rss + b.rss, peak: a.peak + b.peak }
}

/** Its times, in seconds. */
function statOf(pid: number | undefined) {
  const fields = statFields(`${pid}/stat`)
  if (fields === undefined) return undefined
  const seconds = (index: number) => Number(fields[index]) / TICKS
  return { own: seconds(11) + seconds(12), children: seconds(13) + seconds(14) }
}
