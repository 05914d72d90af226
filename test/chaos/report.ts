import { KIND_NAMES, type KindName } from './kinds.ts'
import type { Outcome } from './play.ts'

const HEAD = [
  'queue',
  'scenes',
  'faults',
  'sent',
  'acknowledged',
  'came out',
  'of these again',
  'violations',
  'complete after',
  'memory',
  'took',
]

/** A line for each driver, and one for all, as Markdown. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const drivers = [...new Set(outcomes.map(({ scene }) => scene.driver))]
  const rows = drivers.map(driver =>
    rowOf(
      driver,
      outcomes.filter(({ scene }) => scene.driver === driver),
    ),
  )
  if (drivers.length > 1) rows.push(rowOf('all', outcomes))
  return markdown([HEAD, HEAD.map(() => '---'), ...rows])
}

function rowOf(name: string, outcomes: readonly Outcome[]): string[] {
  const sum = (of: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const most = (of: (outcome: Outcome) => number): number => Math.max(...outcomes.map(of))
  const counts = [
    outcomes.length,
    sum(({ scene }) => scene.faults.length),
    sum(({ sent }) => sent),
    sum(({ acknowledged }) => acknowledged),
    sum(({ delivered }) => delivered),
    sum(({ repeated }) => repeated),
    sum(({ violations }) => violations.length),
  ]
  return [
    name,
    ...counts.map(grouped),
    `${seconds(most(({ recovery }) => recovery))} at most`,
    `${most(({ memory }) => memory)} MB at most`,
    seconds(
      sum(({ elapsed }) => elapsed),
      0,
    ),
  ]
}

/** How often each kind of fault was played, as Markdown. */
export function faultsOf(outcomes: readonly Outcome[]): string {
  const counts = new Map<KindName, number>()
  for (const { scene } of outcomes)
    for (const { kind } of scene.faults) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const rows = KIND_NAMES.map(kind => [kind, grouped(counts.get(kind) ?? 0)])
  return markdown([['fault', 'times'], ['---', '---'], ...rows])
}

/** A scene in a line. */
export function lineOf({
  scene,
  acknowledged,
  repeated,
  recovery,
  answers,
  forged,
  memory,
  endings,
}: Outcome): string {
  const shape = scene.replicas > 1 ? `${scene.replicas} replicas over ${scene.state}` : 'one service'
  const counts = Object.entries(answers).map(([answer, count]) => `${answer} ${grouped(count)}`)
  return [
    `${scene.driver}, scene ${scene.number}: ${shape}${scene.mortal ? '' : ' that is never ended'}${scene.consumed ? ', with a consumer' : ''}${scene.tls ? ', over TLS' : ''}`,
    `${scene.faults.length} faults`,
    `${grouped(acknowledged)} acknowledged`,
    `${grouped(forged)} forged refused`,
    `${grouped(repeated)} came out again`,
    `complete after ${seconds(recovery)}`,
    `${memory} MB`,
    ...(endings > 0 ? [`ended ${endings} times by itself on a broken disk`] : []),
    `answers: ${counts.join(', ')}`,
  ].join('; ')
}

/** What stands in a document between these two lines is written by a run. */
export const BEGIN = '<!-- chaos: written by `npm run chaos -- --report` -->'
export const END = '<!-- end of chaos -->'

/** A document with a report in place of the one before, or behind what it has. */
export function withReport(document: string, report: string): string {
  const block = `${BEGIN}\n\n${report}\n\n${END}`
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (begin < 0 || end < begin) return `${document.trimEnd()}\n\n${block}\n`.trimStart()
  return document.slice(0, begin) + block + document.slice(end + END.length)
}

/** What a report says of the run besides its tables. */
export type Facts = {
  command: string
  seed: number
  date: string
  commit: string
  machine: string
  versions: string
}

/** The report of a run, as Markdown. */
export function reportOf(outcomes: readonly Outcome[], facts: Facts): string {
  const violations = outcomes.flatMap(violationsOf)
  const run = [
    `\`${facts.command}\`, on ${facts.date}, of commit ${facts.commit}, seed ${facts.seed}.`,
    `Machine: ${facts.machine}. ${facts.versions}.`,
  ].join('\n')
  const found = violations.length > 0 ? violations.join('\n') : 'Nothing was violated.'
  return [run, tableOf(outcomes), found, faultsOf(outcomes)].join('\n\n')
}

/** So many of a kind are told of a scene; the others are like them. */
const TOLD = 3

/** A line for each kind of what was violated in a scene. */
function violationsOf({ scene, violations }: Outcome): string[] {
  const kinds = Object.groupBy(violations, ({ what }) => what)
  return Object.entries(kinds).map(([what, all = []]) => {
    const details = all.slice(0, TOLD).map(({ detail }) => detail)
    const rest = all.length > TOLD ? `; and ${grouped(all.length - TOLD)} more` : ''
    return `- ${scene.driver}, scene ${scene.number}: ${what}: ${details.join('; ')}${rest}`
  })
}

function markdown(rows: readonly (readonly string[])[]): string {
  return rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function seconds(ms: number, digits = 1): string {
  return `${(ms / 1_000).toFixed(digits)} s`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
