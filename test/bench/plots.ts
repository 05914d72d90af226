import { speedOf } from './goals.ts'
import type { Results } from './results.ts'
import { figure, type Figure } from './statistics.ts'
import type { Subject } from './subjects/subject.ts'

type About = Pick<Subject, 'name' | 'group'>

const COLOURS: Record<Subject['group'], string> = { ceiling: '#6b7280', ours: '#1d4ed8', instead: '#b45309' }
const LABELS: Record<Subject['group'], string> = {
  ceiling: 'ceilings',
  ours: 'this service',
  instead: 'instead of it',
}
const LEFT = 150
const WIDTH = 640
const ROW = 24
const TOP = 58
const TICK = '#d1d5db'

/** A value of a row: a bar or a dot, and how far the rounds went apart. */
type Row = { name: string; colour: string; marks: string; text: string }

/** How many requests each takes, as shares of what bare Fastify takes. */
export function speedPlot({ rounds }: Results, subjects: readonly About[]): string {
  const bars = subjects.flatMap(({ name, group }) => {
    const value = speedOf(rounds, name)
    return value === undefined ? [] : [{ name, group, value, text: value.median.toFixed(2) }]
  })
  return barPlot('Requests per second, as shares of bare Fastify', bars)
}

/** `text` stands at its end. */
export type Bar = About & { value: Figure; text: string }

/** Bars from 0, with a line from the least to the most of the rounds at the end of each. */
export function barPlot(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value.most))
  const step = stepOf(most)
  const top = Math.max(step, most)
  const x = (value: number) => LEFT + (value / top) * WIDTH
  const rows = bars.map(({ name, group, value, text }, index): Row => {
    const y = TOP + index * ROW
    const colour = COLOURS[group]
    return {
      name,
      colour,
      text,
      marks:
        `<rect x="${LEFT}" y="${y + 5}" width="${round(x(value.median) - LEFT)}" height="14" fill="${colour}"/>` +
        `<path d="M${round(x(value.least))} ${y + 12}H${round(x(value.most))}" stroke="#111827" stroke-width="1.5"/>`,
    }
  })
  const ticks = Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step)
  return plot(
    title,
    rows,
    ticks.map(tick => [x(tick), tick.toLocaleString('en')]),
  )
}

/** A quarter, a half or one of a power of ten, so that there are four to ten of it. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return most / power < 2.5 ? power / 4 : most / power < 5 ? power / 2 : power
}

/** The latencies at full load: p50, p99 and p99.9 on a scale of powers of ten. */
export function latencyPlot({ rounds }: Results, subjects: readonly About[]): string {
  const values = subjects.flatMap(({ name, group }) => {
    const samples = rounds.flatMap(({ subjects }) => subjects[name] ?? [])
    const of = (field: 'p50' | 'p99' | 'p999') => figure(samples.map(sample => sample[field])).median
    return samples.length === 0 ? [] : [{ name, group, points: [of('p50'), of('p99'), of('p999')] }]
  })
  const all = values.flatMap(({ points }) => points).filter(value => value > 0)
  const [from, to] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))]
  const x = (value: number) => LEFT + ((Math.log10(value) - from) / Math.max(1, to - from)) * WIDTH
  const rows = values.map(({ name, group, points }, index): Row => {
    const y = TOP + index * ROW + 12
    const colour = COLOURS[group]
    const dots = points.map((value, at) => `<circle cx="${round(x(value))}" cy="${y}" r="${[5, 4, 3][at]}"/>`)
    const line = `<path d="M${round(x(points[0] ?? 0))} ${y}H${round(x(points[2] ?? 0))}" stroke="${colour}"/>`
    return {
      name,
      colour,
      text: (points[1] ?? 0).toFixed(1),
      marks: `<g fill="${colour}">${line}${dots.join('')}</g>`,
    }
  })
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
  const title = 'Latency at full load in ms: p50, p99, p99.9; the number is p99'
  return plot(
    title,
    rows,
    ticks.map(tick => [x(tick), String(tick)]),
  )
}

function plot(
  title: string,
  rows: readonly Row[],
  ticks: readonly (readonly [x: number, label: string])[],
): string {
  const bottom = TOP + rows.length * ROW
  const legend = Object.entries(LABELS).map(([group, label], index) => {
    const at = LEFT + index * 140
    const colour = COLOURS[group as Subject['group']]
    return `<rect x="${at}" y="30" width="10" height="10" fill="${colour}"/><text x="${at + 16}" y="39">${label}</text>`
  })
  const lines = ticks.map(
    ([x, label]) =>
      `<path d="M${round(x)} ${TOP}V${bottom}" stroke="${TICK}"/><text x="${round(x)}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  )
  const texts = rows.map(({ name, marks, text }, index) => {
    const y = TOP + index * ROW + 16
    return (
      `<text x="${LEFT - 8}" y="${y}" text-anchor="end">${name}</text>${marks}` +
      `<text x="${LEFT + WIDTH + 12}" y="${y}">${text}</text>`
    )
  })
  const size = `width="${LEFT + WIDTH + 120}" height="${bottom + 28}"`
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12" role="img">` +
    `<title>${title}</title><rect width="100%" height="100%" fill="#ffffff"/>` +
    `<text x="${LEFT}" y="18" font-size="14">${title}</text>\n${[...legend, ...lines, ...texts].join('\n')}\n</svg>\n`
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
