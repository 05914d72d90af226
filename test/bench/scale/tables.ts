import type { Sample } from '../results.ts'
import { figure, ratio } from '../statistics.ts'
import { BASELINE } from '../subjects/ceilings.ts'
import { digits, table } from '../tables.ts'
import { LONGEST_WARM_UP } from '../warm.ts'
import { needsTable } from './needs.ts'
import type { CurveResult, PointResult, ScaleResults } from './results.ts'

/** As many as sender, service and what it writes to can each have one of, and one for the second replica. */
const ENOUGH_PROCESSORS = 4

/** All of a run, as Markdown that stands below a heading. */
export function scaleTables(results: ScaleResults): string {
  const { machine, run, curves, skipped, processors } = results
  const where = Object.entries(machine).map(([name, value]) => `${name} ${value}`)
  const missing = Object.entries(skipped).map(([name, reason]) => `${name} (${reason})`)
  return [
    `Measured ${run.date.slice(0, 16).replace('T', ' ')} UTC at commit ${run.commit}: medians of ${run.rounds} rounds of ${run.seconds} s ` +
      `after ${digits(run.warmUp.answers)} requests or ${LONGEST_WARM_UP} s, seed \`${run.seed}\`. On: ${where.join(', ')}.`,
    ...(processors < ENOUGH_PROCESSORS
      ? [
          `**What this machine cannot show.** Sender, service and broker share ${processors} processors, so each takes from the others, and ` +
            'replicas take from each other: more of them cannot take more events here. Their curve says what they cost, not what they gain where ' +
            'each has processors of its own.',
        ]
      : []),
    ...needsTable(results),
    ...curves.flatMap(curveParts),
    ...(missing.length > 0 ? [`**Skipped**: ${missing.join('; ')}.`] : []),
  ].join('\n\n')
}

export function titleOf({ axis }: CurveResult): string {
  return `By ${axis}`
}

function curveParts(curve: CurveResult): string[] {
  const { name, axis, points, sender } = curve
  const [first] = points
  const hasBase = points.some(({ samples }) => BASELINE in samples)
  const rows = points.flatMap(point =>
    Object.entries(point.samples).map(([subject, samples]) => {
      const base = subject === BASELINE ? '' : ratioText(samples, point.samples[BASELINE])
      const ratios = [ratioText(samples, first?.samples[subject]), ...(hasBase ? [base] : [])]
      return rowOf(point, { subject, samples, ratios })
    }),
  )
  const ratios = ['× the first', ...(hasBase ? [`× ${BASELINE}`] : [])]
  const head = [axis, 'subject', 'requests/s', ...ratios, 'p50 ms', 'p99']
  return [
    `### ${titleOf(curve)}`,
    table([...head, 'CPU s for 1,000 (+ broker)', 'RSS MB (peak)', 'failed'], rows),
    `Sent by ${sender === 'wrk' ? 'wrk' : 'our own generator'}.`,
    `![Requests per second by ${axis}](benchmarks/scale-${name}.svg)`,
  ]
}

type Cells = { subject: string; samples: Sample[]; ratios: string[] }

function rowOf(point: PointResult, { subject, samples, ratios }: Cells): string[] {
  const of = (field: keyof Sample) => figure(samples.map(sample => sample[field])).median
  const broker = of('brokerCpu')
  return [
    point.value.toLocaleString('en'),
    subject,
    Math.round(of('perSecond')).toLocaleString('en'),
    ...ratios,
    digits(of('p50')),
    digits(of('p99')),
    digits(of('cpu')) + (broker > 0 ? ` + ${digits(broker)}` : ''),
    `${Math.round(of('rss'))} (${Math.round(of('peak'))})`,
    String(samples.reduce((sum, { failed }) => sum + failed, 0)),
  ]
}

/** The median of the ratios of each round, and the rounds furthest apart; nothing where there is none to compare with. */
function ratioText(samples: Sample[], bases: Sample[] | undefined): string {
  if (bases === undefined || bases.length !== samples.length) return ''
  const { median: middle, least, most } = ratio(speedsOf(samples), speedsOf(bases))
  return `${digits(middle)} (${digits(least)} to ${digits(most)})`
}

function speedsOf(samples: Sample[]): number[] {
  return samples.map(({ perSecond }) => perSecond)
}
