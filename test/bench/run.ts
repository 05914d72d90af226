import { parseOptions, HELP } from './options.ts'
import { runBenchmarks } from './benchmarks.ts'
import { separate } from './processors.ts'

/** `npm run bench`: docs/benchmarks/README.md says what it measures. Exit status 1 when a goal that was reached once is missed. */
const options = parseOptions(process.argv.slice(2))
if (options.help) console.log(HELP)
else process.exitCode = (await runBenchmarks({ ...options, ...separate() })) ? 0 : 1
