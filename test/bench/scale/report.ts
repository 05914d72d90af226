import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { barPlot, type Bar } from '../plots.ts'
import { writeResults } from '../report.ts'
import { figure } from '../statistics.ts'
import { digits } from '../tables.ts'
import { subjectOf } from './curves.ts'
import type { CurveResult, ScaleResults } from './results.ts'
import { scaleTables } from './tables.ts'

/**
 * Writes into a folder everything that a run gave: the part of scaling.md between its marks (the whole file where there is none), and
 * in benchmarks/ scale.json and a plot of each curve.
 */
export function writeScaleReport(folder: string, results: ScaleResults): void {
  const benchmarks = join(folder, 'benchmarks')
  mkdirSync(benchmarks, { recursive: true })
  writeFileSync(join(benchmarks, 'scale.json'), `${JSON.stringify(results, null, 2)}\n`)
  for (const curve of results.curves)
    writeFileSync(join(benchmarks, `scale-${curve.name}.svg`), curvePlot(curve))
  writeResults(join(folder, 'scaling.md'), 'scale', scaleTables(results))
}

/** What each subject took at each value; the number is that and p99. */
function curvePlot({ axis, points }: CurveResult): string {
  const bars = points.flatMap(({ value, samples }) =>
    Object.entries(samples).map(([subject, rounds]): Bar => {
      const speed = figure(rounds.map(({ perSecond }) => perSecond))
      const p99 = figure(rounds.map(({ p99 }) => p99)).median
      return {
        name: `${value.toLocaleString('en')}, ${subject}`,
        group: subjectOf(subject).group,
        value: speed,
        text: `${Math.round(speed.median).toLocaleString('en')}, ${digits(p99)} ms`,
      }
    }),
  )
  return barPlot(`Requests per second by ${axis}; beside it p99`, bars)
}
