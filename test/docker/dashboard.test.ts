import t from 'tap'
import { catalogue } from './catalogue.ts'
import { unknownIn } from './expressions.ts'
import { dashboard, dashboardExpressions } from './files.ts'

const { panels, templating, schemaVersion } = dashboard()

t.test('every metric, label and value of the dashboard exists', async t => {
  const known = await catalogue()
  const variables = templating.list.map(({ name, query }): [string, string] => [
    name,
    typeof query === 'string' ? '' : query.query.replace(/^label_values\((.*), \w+\)$/, '$1'),
  ])
  const expressions = [...dashboardExpressions(), ...variables]
  t.ok(expressions.length > 40)
  for (const [title, expression] of expressions) t.same(unknownIn(expression, known), [], title)
})

t.test('every panel shows what the variables choose', async t => {
  t.same(
    templating.list.map(({ name }) => name),
    ['datasource', 'project', 'instance'],
  )
  for (const [title, expression] of dashboardExpressions())
    for (const [selector] of expression.matchAll(/(?:jelou_receiver|process|nodejs)_\w+(?:\{[^}]*\})?/g))
      t.match(selector, 'instance=~"$instance"', title)
})

t.test('the rows are in order, and no panel lies on another', async t => {
  t.ok(schemaVersion >= 39)
  t.same(
    panels.filter(({ type }) => type === 'row').map(({ title }) => title),
    ['Now', 'Traffic', 'Latency and stages', 'Refusals', 'Queue and spool', 'Registration', 'Process'],
  )
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  const taken = new Set<string>()
  for (const { title, gridPos } of panels) {
    t.ok(gridPos.x + gridPos.w <= 24, `${title} fits in`)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        if (taken.has(`${x} ${y}`)) t.fail(`${title} lies on another`)
        taken.add(`${x} ${y}`)
      }
  }
})
