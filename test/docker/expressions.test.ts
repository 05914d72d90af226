import t from 'tap'
import { catalogue } from './catalogue.ts'
import { metricsIn, unknownIn } from './expressions.ts'

t.test('the metrics of an expression', async t => {
  const cases: [expression: string, ...metrics: string[]][] = [
    ['a', 'a'],
    ['up{job="x"} == 0'],
    ['sum by (instance, le) (rate(a_bucket{x="rate(b)", y=~"c|d"}[5m])) > 0.5', 'a'],
    ['a_sum / a_count', 'a'],
    ['a > 2 and on (instance, job) b == 1 or c unless d', 'a', 'b', 'c', 'd'],
    ['time() - a_timestamp_seconds{instance=~"$instance"}', 'a_timestamp_seconds'],
    ['absent(a)', 'a'],
    ['a < 1024 * 1024', 'a'],
  ]
  for (const [expression, ...metrics] of cases) t.same(metricsIn(expression), metrics, expression)
})

t.test('what no registry has is found', async t => {
  const known = await catalogue()
  const metric = 'jelou_receiver_events_total'
  const cases: [expression: string, ...unknown: string[]][] = [
    [`rate(${metric}{outcome="accepted", instance=~"$instance"}[5m])`],
    [`jelou_receiver_request_duration_seconds_count{outcome=~"refused|failed"}`],
    [
      `jelou_receiver_request_duration_seconds_bucket{le="0.001"} + jelou_receiver_request_duration_seconds_bucket{le="5"}`,
    ],
    ['jelou_receiver_event_total', 'jelou_receiver_event_total'],
    [`${metric}{result="x"}`, `${metric}{result}`],
    [`${metric}{outcome="acepted"}`, `${metric}{outcome="acepted"}`],
    [`${metric}{outcome=~"accepted|lost"}`, `${metric}{outcome="accepted|lost"}`],
  ]
  for (const [expression, ...unknown] of cases) t.same(unknownIn(expression, known), unknown, expression)
})
