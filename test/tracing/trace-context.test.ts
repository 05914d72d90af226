import t from 'tap'
import {
  formatTraceContext,
  makeTraceContext,
  parseTraceContext,
  type TraceHeaders,
} from '../../src/tracing/trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const PARENT = `00-${TRACE}-${SPAN}-01`

function members(count: number): string {
  return Array.from({ length: count }, (_, index) => `k${index}=v`).join(',')
}

/** What goes on of these headers. */
function passedOn(headers: TraceHeaders) {
  const place = parseTraceContext(headers)
  return place && formatTraceContext(place)
}

t.test('traceparent goes on when it is as W3C Trace Context says', async t => {
  const cases: [name: string, traceparent: unknown, expected: string | undefined][] = [
    ['sampled', PARENT, PARENT],
    ['not sampled', `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
    ['flags of level 2', `00-${TRACE}-${SPAN}-03`, `00-${TRACE}-${SPAN}-03`],
    ['unknown flags', `00-${TRACE}-${SPAN}-ff`, `00-${TRACE}-${SPAN}-03`],
    ['a version to come', `cc-${TRACE}-${SPAN}-01`, PARENT],
    ['a version to come, with more', `01-${TRACE}-${SPAN}-01-what-the-future-holds`, PARENT],
    [
      'almost zero',
      `00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-00`,
      `00-${'0'.repeat(31)}1-${'0'.repeat(15)}1-00`,
    ],
    ['absent', undefined, undefined],
    ['empty', '', undefined],
    ['no text', [PARENT], undefined],
    ['two of them', `${PARENT}, ${PARENT}`, undefined],
    ['the version that there never is', `ff-${TRACE}-${SPAN}-01`, undefined],
    ['more than version 00 has', `${PARENT}-more`, undefined],
    ['more without a dash', `01-${TRACE}-${SPAN}-01more`, undefined],
    ['uppercase', `00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
    ['a trace id that is short', `00-${TRACE.slice(1)}-${SPAN}-01`, undefined],
    ['a trace id that is long', `00-${TRACE}0-${SPAN}-01`, undefined],
    ['a span id that is short', `00-${TRACE}-${SPAN.slice(1)}-01`, undefined],
    ['flags of one digit', `00-${TRACE}-${SPAN}-1`, undefined],
    ['no hex', `00-${TRACE.replace('0', 'g')}-${SPAN}-01`, undefined],
    ['no flags', `00-${TRACE}-${SPAN}`, undefined],
    ['spaces', ` ${PARENT}`, undefined],
    ['a line', `${PARENT}\n`, undefined],
  ]
  for (const [name, traceparent, expected] of cases)
    t.equal(passedOn({ traceparent })?.traceparent, expected, name)
})

t.test('tracestate goes on when it is as W3C Trace Context says, and there is a traceparent', async t => {
  const cases: [name: string, tracestate: unknown, expected: string | undefined][] = [
    ['one', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
    ['several, with spaces and gaps', 'a=1 ,\t b=2,,', 'a=1,b=2'],
    ['a tenant and its vendor', '1tenant@vendor=x', '1tenant@vendor=x'],
    [
      'all that a value may have',
      'a= !"#$%&\'()*+-./:;<>?@[\\]^_`{|}~',
      'a= !"#$%&\'()*+-./:;<>?@[\\]^_`{|}~',
    ],
    ['as many as there may be', members(32), members(32)],
    [
      'as long as it may be',
      `a=${'x'.repeat(256)},b=${'x'.repeat(251)}`,
      `a=${'x'.repeat(256)},b=${'x'.repeat(251)}`,
    ],
    ['absent', undefined, undefined],
    ['empty', '', undefined],
    ['only a comma', ' , ', undefined],
    ['no text', ['a=1'], undefined],
    ['too many', members(33), undefined],
    ['too long', `a=${'x'.repeat(256)},b=${'x'.repeat(252)}`, undefined],
    ['a value that is too long', `a=${'x'.repeat(257)}`, undefined],
    ['one key twice', 'a=1,b=2,a=3', undefined],
    ['no value', 'a=', undefined],
    ['no key', '=1', undefined],
    ['no pair', 'a', undefined],
    ['uppercase', 'A=1', undefined],
    ['two values', 'a=1=2', undefined],
    ['no vendor', 'a@=1', undefined],
    ['outside ASCII', 'a=é', undefined],
    ['a control character', 'a=1\n', undefined],
    ['one that is wrong among others', 'a=1,b=\u0000', undefined],
  ]
  for (const [name, tracestate, expected] of cases)
    t.same(
      passedOn({ traceparent: PARENT, tracestate }),
      { traceparent: PARENT, ...(expected !== undefined && { tracestate: expected }) },
      name,
    )
  t.equal(passedOn({ tracestate: 'a=1' }), undefined)
})

t.test('a trace that begins here is another each time, and is not sampled', async t => {
  const made = Array.from({ length: 1_000 }, () => formatTraceContext(makeTraceContext()))
  for (const context of made) {
    t.match(context.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    t.same(passedOn(context), context)
  }
  for (const part of [1, 2])
    t.equal(new Set(made.map(({ traceparent }) => traceparent.split('-')[part])).size, made.length)
})
