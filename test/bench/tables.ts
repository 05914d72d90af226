import { speedOf } from './goals.ts'
import type { GoalResult, OverloadSample, PacedSample, Results, Round, Sample } from './results.ts'
import { figure, median, type Figure } from './statistics.ts'
import { OVERLOAD_CONNECTIONS } from './overload.ts'
import type { Subject } from './subjects/subject.ts'

type About = Pick<Subject, 'name' | 'group' | 'about'>

const GROUPS: Record<Subject['group'], string> = {
  ceiling: 'ceilings',
  ours: 'this service',
  instead: 'instead of it',
}

/** All tables of a run, as Markdown. */
export function tablesOf(results: Results, subjects: readonly About[]): string {
  const { machine, run, rounds, skipped } = results
  const where = Object.entries(machine).map(([name, value]) => `${name} ${value}`)
  return [
    `Measured ${run.date.slice(0, 16).replace('T', ' ')} UTC at commit ${run.commit}: medians of ${run.rounds} rounds of ${run.seconds} s, ` +
      `${run.connections} connections, sent by ${run.sender}, seed \`${run.seed}\`. On: ${where.join(', ')}.`,
    goalTable(results.goals),
    subjectTable(rounds, subjects),
    restTable(rounds),
    ...(Object.keys(skipped).length > 0
      ? [
          `**Skipped**: ${Object.entries(skipped)
            .map(([name, reason]) => `${name} (${reason})`)
            .join('; ')}.`,
        ]
      : []),
  ].join('\n\n')
}

function goalTable(goals: readonly GoalResult[]): string {
  const rows = goals.map(({ says, unit, value, reached, isRegression, because }) => [
    says,
    value === undefined ? 'not measured' : `${digits(value.median)} ${unit} (± ${digits(value.noise)})`,
    reached === undefined ? '' : reached ? 'yes' : `**no**${isRegression ? ', and it was once' : ''}`,
    because ?? '',
  ])
  return table(['goal', 'measured', 'reached', 'why not'], rows)
}

function subjectTable(rounds: readonly Round[], subjects: readonly About[]): string {
  const rows = subjects.flatMap(({ name, group }) => {
    const samples = rounds.map(({ subjects }) => subjects[name]).filter(sample => sample !== undefined)
    if (samples.length === 0) return []
    const of = (field: keyof Sample) => figure(samples.map(sample => sample[field]))
    const broker = of('brokerCpu').median
    const failed = samples.reduce((sum, sample) => sum + sample.failed, 0)
    return [
      [
        name,
        GROUPS[group],
        Math.round(of('perSecond').median).toLocaleString('en'),
        ratioText(speedOf(rounds, name)),
        ...(['p50', 'p99', 'p999'] as const).map(field => digits(of(field).median)),
        digits(of('cpu').median) + (broker > 0 ? ` + ${digits(broker)}` : ''),
        `${Math.round(of('rss').median)} (${Math.round(of('peak').median)})`,
        String(failed),
      ],
    ]
  })
  const head = ['subject', 'what it is', 'requests/s', '× bare Fastify', 'p50 ms', 'p99', 'p99.9']
  return table([...head, 'CPU s for 1,000 (+ broker)', 'RSS MB (peak)', 'failed'], rows)
}

function ratioText(ratio: Figure | undefined): string {
  return ratio === undefined
    ? ''
    : `${digits(ratio.median)} (${digits(ratio.least)} to ${digits(ratio.most)})`
}

function restTable(rounds: readonly Round[]): string {
  const rows: string[][] = []
  for (const name of new Set(rounds.flatMap(({ halfLoad }) => Object.keys(halfLoad)))) {
    const samples = rounds.map(({ halfLoad }) => halfLoad[name]).filter(sample => sample !== undefined)
    const of = (field: keyof PacedSample) => median(samples.map(sample => sample[field]))
    rows.push([
      `${name} at ${Math.round(of('rate')).toLocaleString('en')} events/s, half of what embedded takes`,
      `p50 ${digits(of('p50'))}, p99 ${digits(of('p99'))}, p99.9 ${digits(of('p999'))} ms`,
    ])
  }
  const overloads = rounds.map(({ overload }) => overload).filter(sample => sample !== undefined)
  if (overloads.length > 0) {
    const of = (field: keyof OverloadSample) => median(overloads.map(sample => sample[field]))
    const whole = (field: keyof OverloadSample) => Math.round(of(field)).toLocaleString('en')
    const share = median(overloads.map(({ accepted, capacity }) => accepted / capacity))
    const few = of('connections') < OVERLOAD_CONNECTIONS ? ', too few to be refused (`ulimit -Hn`)' : ''
    rows.push([
      `embedded at 3 × capacity over ${whole('connections')} connections${few}: ${whole('rate')} events/s due, ${whole('offered')} sent`,
      `${whole('accepted')}/s taken before the end, ${digits(share)} of capacity (p50 ${digits(of('p50'))}, p99 ${digits(of('p99'))} ms), ` +
        `${whole('refused')} refused with 503 (p99 ${digits(of('refusedP99'))} ms), ${whole('failed')} failed, ` +
        `${whole('unsent')} waited at the sender`,
    ])
  }
  const ready = rounds.flatMap(({ ready = [] }) => ready)
  if (ready.length > 0)
    rows.push([
      'ready after the start, secret kept',
      `${digits(median(ready))} ms (at most ${digits(Math.max(...ready))})`,
    ])
  const syncs = rounds.flatMap(({ fdatasync }) => fdatasync ?? [])
  if (syncs.length > 0)
    rows.push([
      '`fdatasync` of 4 KiB appended, the disk alone',
      `${Math.round(median(syncs)).toLocaleString('en')}/s`,
    ])
  return rows.length === 0 ? '' : table(['besides', 'measured'], rows)
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

/** Three digits that count. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}
