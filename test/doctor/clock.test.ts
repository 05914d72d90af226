import t, { type Test } from 'tap'
import { checkClock } from '../../src/doctor/clock.ts'
import { closedOrigin, serve } from '../fixtures/serve.ts'

const HOUR = 3_600_000

/** A Jelou that tells this time, or none. */
async function jelou(t: Test, date: string | false): Promise<string> {
  const { origin } = await serve(t, (_request, response) => {
    response.sendDate = false
    response.writeHead(404, date === false ? {} : { date }).end()
  })
  return origin
}

t.test('a clock that agrees, and ones that do not', async t => {
  const cases = [
    [0, 'ok', /agrees/],
    [20_000, 'ok', /agrees/],
    [-HOUR, 'wrong', /clock is 3600 s ahead of that of Jelou$/],
    [HOUR, 'wrong', /clock is 3600 s behind that of Jelou$/],
  ] as const
  const now = Date.parse('2026-01-01T12:00:00Z')
  for (const [off, status, detail] of cases) {
    const origin = await jelou(t, new Date(now + off).toUTCString())
    t.match(await checkClock(origin, () => now), { status, detail })
  }
  const { origin } = await serve(t, (_request, response) => response.end())
  t.match(await checkClock(origin), { status: 'ok' })
})

t.test('without an answer, or its time, nothing is said', async t => {
  t.match(await checkClock(await jelou(t, false)), { status: 'skipped', detail: /does not tell its time/ })
  t.match(await checkClock(await closedOrigin()), { status: 'skipped', detail: /\(ECONNREFUSED\)/ })
})
