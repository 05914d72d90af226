import { separate } from '../processors.ts'
import { measureScale } from './measure.ts'
import { HELP, parseScaleOptions } from './options.ts'
import { writeScaleReport } from './report.ts'
import { scaleTables } from './tables.ts'

/** `npm run scale`: docs/scaling.md says what it measures. */
const options = parseScaleOptions(process.argv.slice(2))
if (options.help) console.log(HELP)
else {
  const results = await measureScale({ ...options, ...separate() })
  console.log(`\n${scaleTables(results)}`)
  if (options.out !== undefined) writeScaleReport(options.out, results)
}
