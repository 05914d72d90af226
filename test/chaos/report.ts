import type { Outcome } from './play.ts'
import { KIND_NAMES, type KindName } from './kinds.ts'

const HEAD = [
  'queue',
  'scenes',
  'faults',
  'sent',
  'acknowledged',
  'came out',
  'of these again',
  'violations',
  'longest recovery',
  'most memory',
  'took',
]

/** A line for each driver and one for all, as Markdown. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const drivers = [...new Set(outcomes.map(({ scene }) => scene.driver))]
  const rows = drivers.map(driver =>
    rowOf(
      driver,
      outcomes.filter(({ scene }) => scene.driver === driver),
    ),
  )
  if (drivers.length > 1) rows.push(rowOf('**all**', outcomes))
  return [HEAD, HEAD.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function rowOf(name: string, outcomes: readonly Outcome[]): string[] {
  const sum = (of: (outcome: Outcome) => number): string =>
    grouped(outcomes.reduce((total, outcome) => total + of(outcome), 0))
  const most = (of: (outcome: Outcome) => number): number => Math.max(...outcomes.map(of))
  return [
    name,
    grouped(outcomes.length),
    sum(({ faults }) => faults.length),
    sum(({ sent }) => sent),
    sum(({ acknowledged }) => acknowledged),
    sum(({ delivered }) => delivered),
    sum(({ repeated }) => repeated),
    sum(({ violations }) => violations.length),
    `${(most(({ recovery }) => recovery) / 1_000).toFixed(1)} s`,
    `${most(({ memory }) => memory)} MB`,
    `${Math.round(outcomes.reduce((total, { elapsed }) => total + elapsed, 0) / 1_000)} s`,
  ]
}

/** How often each kind of fault was played, as Markdown. */
export function faultsOf(outcomes: readonly Outcome[]): string {
  const counts = new Map<KindName, number>()
  for (const { faults } of outcomes)
    for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const rows = KIND_NAMES.map(kind => `| ${kind} | ${grouped(counts.get(kind) ?? 0)} |`)
  return ['| fault | times |', '|---|---|', ...rows].join('\n')
}

/** One line of a scene, such as `redis 3: 2 replicas, 24 faults, 5,000 acknowledged`. */
export function lineOf({ scene, faults, acknowledged, repeated, recovery, answers, memory, endings }: Outcome): string {
  const shape = scene.replicas > 1 ? `${scene.replicas} replicas over ${scene.state}` : 'one service'
  const refused = Object.entries(answers).map(([status, count]) => `${status}: ${count}`)
  return [
    `${scene.driver} ${scene.number}: ${shape}${scene.mortal ? '' : ' that lives through all'}`,
    `${faults.length} faults`,
    `${grouped(acknowledged)} acknowledged`,
    `${repeated} twice`,
    `complete after ${(recovery / 1_000).toFixed(1)} s`,
    `${memory} MB`,
    `${endings} ended by themselves`,
    `answers ${refused.join(' ')}`,
  ].join(', ')
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
