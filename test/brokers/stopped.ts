import { globSync, readFileSync } from 'node:fs'

/**
 * Returns once no thread of these processes runs. When kill(2) returns SIGSTOP is only noted: each thread stops at its own time,
 * and may answer once more before that.
 */
export function untilStopped(pids: readonly number[]): void {
  const files = () => pids.flatMap(pid => globSync(`/proc/${pid}/task/*/stat`))
  while (files().some(file => /^[^TtZX]/.test(statOf(file)[0] ?? 'X')));
}

/** The processes of a group; none where the system has no /proc. */
export function membersOf(group: number): number[] {
  return globSync('/proc/[0-9]*')
    .filter(path => Number(statOf(`${path}/stat`)[2]) === group)
    .map(path => Number(path.slice('/proc/'.length)))
}

/** The fields of proc(5) from the state on: before it is the name, which may hold anything. None when it has ended. */
function statOf(file: string): string[] {
  try {
    const text = readFileSync(file, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
