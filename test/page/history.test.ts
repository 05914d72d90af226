import t from 'tap'
import { History, SAMPLE, SAMPLES } from '../../src/page/history.ts'

const START = 1_000_000 * SAMPLE

function create() {
  const clock = { time: START }
  const history = new History(() => clock.time)
  const observe = (outcome: string, took = 1) =>
    history.observe({ outcome, timeline: { received: 500 }, answered: 500 + took })
  return { clock, history, observe }
}

t.test('counts what happens by how it ended', async t => {
  const { clock, history, observe } = create()
  for (const outcome of ['accepted', 'accepted', 'duplicate', 'ERR_SIGNATURE_INVALID', 'ERR_QUEUE_FULL'])
    observe(outcome)
  history.waiting(3)
  history.waiting(7)
  history.waiting(5)
  t.strictSame(history.samples(), Array(SAMPLES).fill(null), 'nothing is over yet')
  clock.time += SAMPLE
  const samples = history.samples()
  t.equal(samples.length, SAMPLES)
  t.match(samples.at(-1), { from: START, length: SAMPLE, accepted: 2, duplicate: 1, refused: 2, waiting: 7 })
  t.strictSame(samples.slice(0, -1), Array(SAMPLES - 1).fill(null), 'there is none from before the start')
})

t.test('only events that were taken have a time of their answer', async t => {
  const { clock, history, observe } = create()
  for (let n = 0; n < 99; n++) observe(n % 2 ? 'accepted' : 'duplicate', 10)
  observe('accepted', 400)
  for (let n = 0; n < 500; n++) observe('ERR_CREDENTIAL_INVALID', 0.1)
  clock.time += SAMPLE
  observe('ERR_CREDENTIAL_INVALID', 0.1)
  clock.time += SAMPLE
  const [before, after] = history.samples().slice(-2)
  t.ok(Math.abs((before?.answer?.median ?? 0) / 10 - 1) < 0.03)
  t.ok(Math.abs((before?.answer?.p99 ?? 0) / 10 - 1) < 0.03)
  t.match(after, { refused: 1, answer: null, waiting: null })
})

t.test('each sample is over when its time is, and goes after a quarter of an hour', async t => {
  const { clock, history, observe } = create()
  observe('accepted')
  clock.time += SAMPLE
  observe('duplicate')
  t.match(history.samples().slice(-2), [null, { accepted: 1, duplicate: 0 }])
  clock.time += 10 * SAMPLE
  t.match(history.samples().slice(-11, -8), [{ accepted: 1 }, { duplicate: 1 }, { accepted: 0 }])
  clock.time = START + SAMPLES * SAMPLE
  t.match(history.samples().slice(0, 2), [{ accepted: 1 }, { duplicate: 1 }])
  clock.time += SAMPLE
  observe('refused')
  t.match(history.samples()[0], { from: START + SAMPLE, accepted: 0, duplicate: 1 })
  clock.time += SAMPLE
  t.match(history.samples().at(-1), { accepted: 0, refused: 1 }, 'in the place of the first')
})

t.test('minutes of the clock put samples together, as does the last minute', async t => {
  // It starts 20 seconds into a minute of the clock.
  const { clock, history, observe } = create()
  t.strictSame(history.minutes(), [])
  t.equal(history.lastMinute(), null)
  for (let n = 0; n < 24; n++) {
    observe('accepted', n < 12 ? 10 : 20)
    history.waiting(n)
    clock.time += SAMPLE
  }
  const minutes = history.minutes()
  t.match(minutes, [
    { from: START, length: 8 * SAMPLE, accepted: 8, waiting: 7 },
    { from: START + 8 * SAMPLE, length: 60_000, accepted: 12, waiting: 19 },
    { from: START + 20 * SAMPLE, length: 4 * SAMPLE, accepted: 4, waiting: 23 },
  ])
  t.ok((minutes[0]?.answer?.p99 ?? 99) < 11)
  t.ok((minutes[2]?.answer?.median ?? 0) > 19)
  t.match(history.lastMinute(), { from: START + 12 * SAMPLE, length: 60_000, accepted: 12, waiting: 23 })
  clock.time += 15 * 60_000
  t.equal(history.minutes().length, 15, 'those of which everything is known, and the one under way')
  t.match(history.lastMinute(), { accepted: 0, answer: null, waiting: null })
})

t.test('what is over is worked out once, and forgotten when it is too old', async t => {
  const { clock, history, observe } = create()
  clock.time += SAMPLE
  const last = history.samples().at(-1)
  observe('accepted')
  t.equal(history.samples().at(-1), last)
  clock.time += SAMPLE
  t.equal(history.samples().at(-2), last)
  for (let n = 0; n < 10 * SAMPLES; n++) {
    clock.time += SAMPLE
    history.samples()
    history.lastMinute()
    history.minutes()
  }
  const first = history.samples()[0]
  clock.time -= (10 * SAMPLES - 1) * SAMPLE
  t.not(history.samples().at(-3), last, 'it is not kept')
  t.not(first, null)
})

t.test('a clock before the epoch is refused', async t => {
  const { clock, observe } = create()
  clock.time = -1
  t.throws(() => observe('accepted'), RangeError)
})
