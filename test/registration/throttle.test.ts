import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { throttle } from '../../src/registration/throttle.ts'

void t.test('many who ask at once share one run, and the next waits for the gap', async t => {
  const begun: PromiseWithResolvers<void>[] = []
  const gaps: PromiseWithResolvers<void>[] = []
  const ask = throttle(
    () => {
      const run = Promise.withResolvers<void>()
      begun.push(run)
      return run.promise
    },
    {
      gap: 1000,
      sleep: async delay => {
        t.equal(delay, 1000)
        const gap = Promise.withResolvers<void>()
        gaps.push(gap)
        await gap.promise
      },
    },
  )
  const first = [ask(), ask(), ask()]
  await setImmediate()
  t.equal(begun.length, 1, 'begins at once')
  // What it read may be older than what these ask for.
  const second = [ask(), ask()]
  begun[0]?.resolve()
  await Promise.all(first)
  await setImmediate()
  t.equal(begun.length, 1, 'the next one waits')
  gaps[0]?.resolve()
  await setImmediate()
  t.equal(begun.length, 2)
  const third = ask()
  gaps[1]?.resolve()
  await setImmediate()
  t.equal(begun.length, 2, 'two never run at once')
  begun[1]?.resolve()
  await Promise.all(second)
  await setImmediate()
  t.equal(begun.length, 3)
  begun[2]?.resolve()
  await third
})
