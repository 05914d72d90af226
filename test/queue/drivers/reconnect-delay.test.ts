import t from 'tap'
import { reconnectDelay } from '../../../src/queue/drivers/reconnect-delay.ts'

void t.test('doubles up to five seconds, half of it by chance', async t => {
  for (const [failures, ceiling] of [
    [0, 100],
    [1, 200],
    [3, 800],
    [7, 5_000],
    [2_000, 5_000],
  ] as const) {
    const delays = Array.from({ length: 50 }, () => reconnectDelay(failures))
    t.ok(delays.every(delay => delay >= ceiling / 2 && delay <= ceiling))
    t.ok(new Set(delays).size > 1)
  }
})
