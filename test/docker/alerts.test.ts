import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { createMetrics } from '../../src/admin/metrics.ts'
import { metricSources, SPOOL } from '../admin/fixtures/metric-sources.ts'
import { CASES, type Series } from './alert-cases.ts'
import { catalogue } from './catalogue.ts'
import { unknownIn } from './expressions.ts'
import { alerts, ALERTS, dashboardExpressions } from './files.ts'
import { promtool, withoutPromtool } from './promtool.ts'
import { testDirectory } from '../fixtures/directory.ts'

const METRICS = join(import.meta.dirname, '../../docs/metrics.md')

const rules = alerts()

t.test('every metric, label and value of the alerts exists', async t => {
  const known = await catalogue()
  for (const { alert, expr } of rules) t.same(unknownIn(expr, known), [], alert)
})

t.test('each alert says how bad it is, what it means and where to read on', async t => {
  t.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length)
  for (const { alert, labels, annotations } of rules) {
    t.match(alert, /^JelouReceiver[A-Z]\w+$/)
    t.match(labels['severity'], /^(critical|warning|info)$/, alert)
    t.match(annotations, { summary: /\w/, description: /\.$/ }, alert)
    const anchor = alert.replaceAll(/(?<!^)[A-Z]/g, letter => `-${letter}`).toLowerCase()
    t.equal(annotations['runbook'], `docs/operations.md#${anchor}`)
  }
})

t.test('each alert has a case', async t => {
  t.same(
    Object.keys(CASES).map(name => `JelouReceiver${name}`),
    rules.map(({ alert }) => alert),
  )
})

t.test('Prometheus takes the rules', { skip: withoutPromtool }, async t => {
  const { status, output } = promtool(['check', 'rules', ALERTS])
  t.equal(status, 0, output)
  t.match(output, `${rules.length} rules found`)
})

t.test('each alert fires when it should, and only then', { skip: withoutPromtool }, async t => {
  const file = join(testDirectory(t), 'rules.test.json')
  const tests = Object.entries(CASES).flatMap(([name, { minutes, fires, quiet }]) => [
    ...fires.map(series => ruleTest(name, minutes, series, true)),
    ...quiet.map(series => ruleTest(name, minutes, series, false)),
  ])
  writeFileSync(file, JSON.stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests }))
  const { status, output } = promtool(['test', 'rules', file])
  t.equal(status, 0, output)
  t.match(output, 'SUCCESS')
})

t.test('Prometheus takes the scrape job that is described', { skip: withoutPromtool }, async t => {
  const file = join(testDirectory(t), 'prometheus.yml')
  const [, block = ''] = /```yaml\n(.*?)```/s.exec(readFileSync(METRICS, 'utf8')) ?? []
  writeFileSync(file, block)
  // The file with the token is on the machine that Prometheus runs on.
  const { status, output } = promtool(['check', 'config', '--syntax-only', file])
  t.equal(status, 0, output)
  const [{ job_name: job = '' } = {}] = parse(block).scrape_configs
  t.ok(rules.some(({ expr }) => expr.startsWith(`up{job=~"${job}.*"}`)))
})

t.test('Prometheus takes the expressions of the dashboard', { skip: withoutPromtool }, async t => {
  const file = join(testDirectory(t), 'dashboard.json')
  const rules = dashboardExpressions().map(([, expression], index) => ({
    record: `panel:${index}`,
    expr: expression.replaceAll('$__rate_interval', '5m'),
  }))
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { status, output } = promtool(['check', 'rules', file])
  t.equal(status, 0, output)
})

t.test('Prometheus finds nothing wrong with the names and types', { skip: withoutPromtool }, async t => {
  for (const sources of [metricSources(), metricSources({ driver: 'redis', spool: () => SPOOL })]) {
    const { status, output } = promtool(['check', 'metrics'], await createMetrics(sources).metrics())
    t.same({ status, output }, { status: 0, output: '' })
  }
})

/** A test of one rule: whether it fires, whatever other rules do with the same series. */
function ruleTest(name: string, minutes: number, series: Series, fires: boolean) {
  return {
    name: `${name} ${fires ? 'fires' : 'does not fire'}: ${JSON.stringify(series)}`,
    interval: '1m',
    input_series: Object.entries(series).map(([selector, values]) => ({
      series: selector.replace('{', '{job="jelou-receiver",instance="a",').replace(',}', '}'),
      values,
    })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="JelouReceiver${name}", alertstate="firing"}) or vector(0)`,
        eval_time: `${minutes}m`,
        exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
      },
    ],
  }
}
