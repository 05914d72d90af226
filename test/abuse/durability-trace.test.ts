import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { call, signed } from '../conformance/http.ts'
import { start, variables } from '../conformance/service.ts'
import { canTrace, parseTrace, tracing } from './strace.ts'
import { unnamed, unsynced } from './synced.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

const SECRET = markedSecret()
const EVENTS = 40

const ways = {
  'the embedded queue': {},
  // Nothing listens there: events go to the spool.
  'the spool': { QUEUE_URL: 'redis://127.0.0.1:1' },
}

t.setTimeout(120_000)
for (const [name, more] of Object.entries(ways))
  t.test(`${name}: nothing is answered 200 before it is synced, nor the name of its file`, async t => {
    if (!canTrace(t)) return
    const directory = testDirectory(t)
    const trace = join(directory, 'trace')
    const environment = variables(directory, {
      JELOU_SIGNING_SECRET: SECRET,
      WEBHOOK_AUTH_TYPE: 'no_auth',
      ...more,
    })
    const service = await start(t, environment, [], tracing(trace))
    const bodies = Array.from({ length: EVENTS }, (_, place) =>
      JSON.stringify({ event_type: 'message', room_id: `room ${place % 5}`, marker: randomUUID() }),
    )
    const post = async (body: string) => {
      const answer = await call(service.webhookUrl, { method: 'POST', headers: signed(body, SECRET), body })
      t.equal(answer.status, 200)
    }
    // One after the other, then all at once: the one sync of a group counts for each of them.
    for (const body of bodies.slice(0, EVENTS / 2)) await post(body)
    await Promise.all(bodies.slice(EVENTS / 2).map(post))
    service.signal('SIGTERM')
    t.equal(await service.exited, 0)

    const calls = parseTrace(readFileSync(trace, 'latin1'))
    const events = bodies.map(body => ({
      marker: String(JSON.parse(body).marker),
      id: createHash('sha256').update(body).digest('hex'),
    }))
    const folder = environment.DATA_DIR
    t.strictSame(unsynced(calls, events, folder), [])
    t.strictSame(unnamed(calls, folder), [])
    const syncs = calls.filter(({ name, path = '' }) => name.endsWith('sync') && path.startsWith(directory))
    t.comment(`${events.length} events, ${calls.length} calls, ${syncs.length} syncs`)

    // What looks at the trace would have seen it.
    const without = calls.filter(one => !syncs.includes(one))
    t.equal(unsynced(without, events, folder).length, EVENTS)
    t.ok(unnamed(without, folder).includes(folder))
    const failed = calls.map(one => (syncs.includes(one) ? { ...one, result: -1 } : one))
    t.equal(unsynced(failed, events, folder).length, EVENTS)
  })
