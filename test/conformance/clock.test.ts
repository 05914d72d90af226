import { randomUUID } from 'node:crypto'
import t from 'tap'
import { hasClock, makeClock } from '../chaos/clock.ts'
import { testDirectory } from '../fixtures/directory.ts'
import { call, post, signed } from './http.ts'
import { SECRET, TOKEN } from './load.ts'
import { start, variables } from './service.ts'

const HOUR = 3_600_000
const skip = hasClock() ? false : 'libfaketime is not installed'

for (const [way, offset] of [
  ['back', -6 * HOUR],
  ['forward', 6 * HOUR],
] as const)
  t.test(`leases and delays last as long while the clock is put ${way}`, { skip }, async t => {
    const directory = testDirectory(t)
    const clock = makeClock(directory)
    const environment = { ...clock.environment, JELOU_SIGNING_SECRET: SECRET, WEBHOOK_AUTHORIZATION: TOKEN }
    const { webhookUrl, adminUrl } = await start(t, variables(directory, environment))
    const send = async () => {
      const body = JSON.stringify({ event_type: 'message', room_id: randomUUID() })
      t.equal(
        (await call(webhookUrl, { method: 'POST', headers: signed(body, SECRET, TOKEN), body })).status,
        200,
      )
    }
    const receive = async (lease: string, wait: string): Promise<{ lease: string; attempts: number }[]> => {
      const { text } = await post(`${adminUrl}/queue/receive`, { max: 2, lease, wait })
      return JSON.parse(text).messages
    }

    await send()
    const [short] = await receive('1s', '5s')
    await send()
    const [long] = await receive('1h', '5s')
    clock.step(offset)
    const [again] = await receive('1h', '20s')
    t.equal(again?.attempts, 2, 'the lease of a second ran out')
    t.match(await receive('1h', '1s'), [], 'that of an hour did not')
    const leases = [long?.lease]
    t.match(JSON.parse((await post(`${adminUrl}/queue/nack`, { leases, delay: '1s' })).text), { settled: 1 })
    t.match(await receive('1h', '20s'), [{ attempts: 2 }], 'nor did a delay of a second take six hours')
    t.equal(short?.attempts, 1)
  })
