import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventMaker, SECRET, TOKEN, writeEvents, type EventsOptions } from './events.ts'
import { testDirectory } from '../../fixtures/directory.ts'

/** The requests of a file, each as its head and body. */
function read(t: Test, options: Omit<EventsOptions, 'file'>) {
  const file = join(testDirectory(t), 'events')
  const { record, count } = writeEvents({ file, ...options })
  const bytes = readFileSync(file)
  t.equal(bytes.length, record * count)
  return Array.from({ length: count }, (_, index) => {
    const [head = '', body = ''] = bytes
      .toString('latin1', index * record, (index + 1) * record)
      .split('\r\n\r\n')
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map(line => line.split(': ')),
    )
    return { head, headers, body }
  })
}

const signatureOf = (body: string) => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`

t.test('a file has whole requests, each another signed event of 600 bytes', async t => {
  // More than are written at a time.
  const requests = read(t, { count: 5_000, seed: 'seed' })
  for (const { headers, body } of requests) {
    if (headers['x-jelou-signature'] !== signatureOf(body) || body.length !== 600) t.fail(body)
    if (headers.authorization !== `Bearer ${TOKEN}` || headers['content-length'] !== '600') t.fail()
  }
  t.match(requests[0]?.head, /^POST \/webhook\/jelou HTTP\/1\.1\r\n/)
  t.equal(new Set(requests.map(({ body }) => body)).size, 5_000, 'no two are alike')
  const rooms = new Set(requests.map(({ body }) => JSON.parse(body).room_id))
  t.ok(rooms.size > 980 && rooms.size <= 1_000, `${rooms.size} rooms`)
})

t.test('others are signed by somebody else, or come from a stranger', async t => {
  const [forged] = read(t, { count: 1, seed: 'seed', kind: 'forged' })
  t.match(forged?.headers['x-jelou-signature'], /^sha256=[0-9a-f]{64}$/)
  t.not(forged?.headers['x-jelou-signature'], signatureOf(String(forged?.body)))
  const [stranger] = read(t, { count: 1, seed: 'seed', kind: 'stranger', size: 20_000 })
  t.not(stranger?.headers.authorization, `Bearer ${TOKEN}`)
  t.equal(stranger?.body.length, 20_000)
})

t.test('events are of the size and of as many conversations as is asked for', async t => {
  const cases: [options: { size?: number; rooms?: number }, rooms: number][] = [
    [{ size: 200 }, 1_000],
    [{ size: 1_048_576 }, 1_000],
    [{ rooms: 1 }, 1],
    [{ rooms: 10 }, 10],
    [{ rooms: 1_000_000 }, 1_000_000],
  ]
  for (const [options, most] of cases) {
    const requests = read(t, { count: 50, seed: 'seed', ...options })
    const bodies = requests.map(({ body }) => body)
    t.ok(bodies.every(body => body.length === (options.size ?? 600)))
    t.equal(new Set(bodies).size, 50, 'no two are alike')
    const rooms = new Set(bodies.map(body => JSON.parse(body).room_id))
    t.ok(rooms.size <= most && rooms.size >= Math.min(most, 40), `${rooms.size} rooms`)
  }
})

t.test('a seed gives its events', async t => {
  const since = 1_800_000_000_000
  const a = eventMaker('a', { since })
  const b = eventMaker('a', { since })
  const c = eventMaker('c', { since })
  for (const index of [0, 1, 2]) t.equal(a(index), b(index))
  t.not(a(3), c(3))
  t.equal(JSON.parse(a(4)).timestamp, 1_800_000_000_000)
  t.equal(JSON.parse(a(60)).timestamp, 1_800_000_000_002)
  t.throws(() => eventMaker('a', { size: 100 })(0), /at least \d+ bytes/)
})
