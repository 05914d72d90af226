import { globSync } from 'node:fs'
import { statFields } from '../fixtures/proc.ts'

/**
 * Returns once no thread of these processes runs. When kill(2) returns SIGSTOP is only noted: each thread stops at its own time,
 * and may answer once more before that.
 */
export function untilStopped(pids: readonly number[]): void {
  const threads = () => pids.flatMap(pid => globSync(`${pid}/task/*/stat`, { cwd: '/proc' }))
  while (threads().some(path => /^[^TtZX]/.test(statFields(path)?.[0] ?? 'X')));
}
