import { availableParallelism } from 'node:os'
import { execFileSync } from 'node:child_process'
import { parseOptions, HELP } from './options.ts'
import { runBenchmarks } from './benchmarks.ts'

/** `npm run bench`: docs/benchmarks/README.md says what it measures. Exit status 1 when a goal that was reached once is missed. */
const options = parseOptions(process.argv.slice(2))
if (options.help) console.log(HELP)
else process.exitCode = (await runBenchmarks({ ...options, ...separate() })) ? 0 : 1

/** With processors to spare the sender gets the last one for itself, and everything else the others, by inheritance. */
function separate(): { processors?: string } {
  const count = availableParallelism()
  if (count < 4 || process.platform !== 'linux') {
    console.log(`${count} processors: the sender shares them with what it sends to`)
    return {}
  }
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', `0-${count - 2}`, `${process.pid}`])
  console.log(`${count} processors: the last is the sender's, the others are for what it sends to`)
  return { processors: `${count - 1}` }
}
