import t from 'tap'
import { areaPath, HEIGHT, linePath, scaleTop, WIDTH, type Values } from '../../src/page/chart.ts'

t.test('the scale ends at a round number that holds every value', async t => {
  const cases: [values: Values, least: number, top: number][] = [
    [[], 1, 1],
    [[null, 0], 10, 10],
    [[0.3], 0.1, 0.3],
    [[1], 1, 1],
    [[1.01], 1, 1.5],
    [[22], 1, 25],
    [[0.07], 0.01, 0.08],
    [[3.1], 1, 4],
    [[8.1], 1, 10],
    [[99], 1, 100],
    [[100], 1, 100],
    [[1234], 1, 1500],
    [[60_001], 1, 80_000],
  ]
  for (const [values, least, top] of cases)
    t.equal(scaleTop([values, [null]], least), top, JSON.stringify(values))
})

t.test('values become lines and areas, with gaps', async t => {
  const bottom = HEIGHT
  const middle = WIDTH / 2
  const cases: [values: Values, line: string, area: string][] = [
    [[], '', ''],
    [[null, null], '', ''],
    [
      [0, 5, 10],
      `M0,${bottom}L${middle},60L${WIDTH},0`,
      `M0,${bottom}L0,${bottom}L${middle},60L${WIDTH},0L${WIDTH},${bottom}Z`,
    ],
    [[null, 10, null], `M${middle},0L${middle},0`, `M${middle},${bottom}L${middle},0L${middle},${bottom}Z`],
    [
      [10, null, 0],
      `M0,0L0,0M${WIDTH},${bottom}L${WIDTH},${bottom}`,
      `M0,${bottom}L0,0L0,${bottom}ZM${WIDTH},${bottom}L${WIDTH},${bottom}L${WIDTH},${bottom}Z`,
    ],
    [[10 / 3], `M0,80L0,80`, `M0,${bottom}L0,80L0,${bottom}Z`],
    [[10, 10, 10, 10], `M0,0L240,0L480,0L720,0`, `M0,${bottom}L0,0L240,0L480,0L720,0L720,${bottom}Z`],
  ]
  for (const [values, line, area] of cases) {
    t.equal(linePath(values, 10), line, JSON.stringify(values))
    t.equal(areaPath(values, 10), area, JSON.stringify(values))
  }
})
