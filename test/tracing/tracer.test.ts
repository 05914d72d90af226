import t from 'tap'
import { passOn } from '../../src/tracing/tracer.ts'

const INCOMING = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'rojo=00f067aa0ba902b7',
}

t.test('without an exporter the trace of a caller goes on, and who has none begins one', async t => {
  const timeline = { received: 0 }
  t.same(passOn.begin(INCOMING, timeline), INCOMING)
  const made = passOn.begin({ ...INCOMING, traceparent: 'wrong' }, timeline)
  t.match(made, { traceparent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/ })
  t.same(Object.keys(made), ['traceparent'])
  passOn.observe({ timeline, answered: 1, outcome: 'accepted', statusCode: 200 })
  t.equal(passOn.drained, undefined, 'draining costs nothing')
  await passOn.close(1)
})
