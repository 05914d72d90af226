/** The room that a chart is drawn in, in units of its own: the page stretches it to whatever is there. */
export const WIDTH = 720
export const HEIGHT = 120

/** The values of one line, oldest first; null where there is none, which leaves a gap. */
export type Values = readonly (number | null)[]

/** What a scale may end at, times a power of ten: its half is as easy to read. */
const TOPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]

/** The top of a chart's scale: the least round number that holds the values, and `least`. */
export function scaleTop(lines: readonly Values[], least: number): number {
  const highest = Math.max(least, ...lines.flat().map(value => value ?? 0))
  const power = 10 ** Math.floor(Math.log10(highest))
  const factor = TOPS.find(factor => factor * power >= highest) ?? 10
  // As it is written, without what binary fractions add.
  return Number((factor * power).toPrecision(2))
}

/** The line as the text of an SVG path, the scale going from 0 to `top`; a value between two gaps becomes a dot. */
export function linePath(values: Values, top: number): string {
  return runs(values)
    .map(run => {
      const points = run.map(([place, value]) => point(place, value, values.length, top))
      // Without a second point there is nothing to stroke.
      return `M${[...points, ...(points.length === 1 ? points : [])].join('L')}`
    })
    .join('')
}

/** The room between the line and the bottom. */
export function areaPath(values: Values, top: number): string {
  return runs(values)
    .map(run => {
      const points = run.map(([place, value]) => point(place, value, values.length, top))
      const [first = '', last = ''] = [points[0], points.at(-1)].map(text => text?.split(',', 1)[0])
      return `M${first},${HEIGHT}L${points.join('L')}L${last},${HEIGHT}Z`
    })
    .join('')
}

function point(place: number, value: number, count: number, top: number): string {
  const x = (place / Math.max(1, count - 1)) * WIDTH
  const y = HEIGHT - (value / top) * HEIGHT
  return `${rounded(x)},${rounded(y)}`
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10
}

/** Stretches without a gap, each value with its place. */
function runs(values: Values): [place: number, value: number][][] {
  const found: [number, number][][] = [[]]
  for (const [place, value] of values.entries()) {
    if (value === null) found.push([])
    else found.at(-1)?.push([place, value])
  }
  return found.filter(run => run.length > 0)
}
