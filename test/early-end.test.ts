import t from 'tap'
import { endOnSignal, leaveSignals } from '../src/early-end.ts'

t.test('a signal ends the process with its own status, until somebody else listens', async t => {
  const before = process.listenerCount('SIGTERM')
  const exits = t.capture(process, 'exit', () => {})
  endOnSignal()
  const heard = ['SIGTERM', 'SIGINT'] as const
  for (const signal of heard) process.listeners(signal).at(-1)?.(signal)
  t.same(
    exits().map(({ args }) => args),
    [[143], [130]],
  )
  leaveSignals()
  t.equal(process.listenerCount('SIGTERM'), before)
})
