import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** With processors to spare the sender gets the last one for itself, and everything else the others, by inheritance. */
export function separate(): { processors?: string } {
  const count = availableParallelism()
  if (count < 4 || process.platform !== 'linux') {
    console.log(`${count} processors: the sender shares them with what it sends to`)
    return {}
  }
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `0-${count - 2}`, `${process.pid}`])
  console.log(`${count} processors: the last is the sender's, the others are for what it sends to`)
  return { processors: `${count - 1}` }
}
