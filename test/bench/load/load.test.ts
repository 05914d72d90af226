import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { writeEvents } from './events.ts'
import { chooseSender, closedLoop, openLoop, type Sender } from './load.ts'
import { testDirectory } from '../../fixtures/directory.ts'

/** A server that answers by the number of the request, from 1; it keeps the bodies. */
async function serve(t: Test, answer: (number: number) => number) {
  const bodies: string[] = []
  const server: Server = createServer((request, response) => {
    const respond = async () => {
      bodies.push(await text(request))
      response.writeHead(answer(bodies.length), { 'content-length': 2 }).end('ok')
    }
    void respond()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

const events = (t: Test, count: number) =>
  writeEvents({ file: join(testDirectory(t), 'events'), count, seed: 'seed' })

const hasWrk = spawnSync('wrk', ['-v']).error === undefined
const SENDERS: [sender: Sender, skip: string | false][] = [
  [{ tool: 'generator' }, false],
  [{ tool: 'wrk' }, hasWrk ? false : 'wrk is not on the PATH'],
]

t.equal(chooseSender().tool, hasWrk ? 'wrk' : 'generator')

for (const [sender, skip] of SENDERS) {
  t.test(`${sender.tool} sends what is in the file, behind what is to be left out`, { skip }, async t => {
    const file = events(t, 50_000)
    const { url, bodies } = await serve(t, () => 200)
    const { statuses, used, broken, seconds, cpu } = await closedLoop(sender, {
      url,
      events: file,
      connections: 4,
      seconds: 1,
      skip: 49_990,
    })
    const count = Number(statuses[200]?.count)
    t.ok(count > 20, `${count} were answered`)
    t.ok(used >= count && used <= count + 8 && bodies.length >= count)
    t.strictSame([broken, Object.keys(statuses)], [0, ['200']])
    t.ok(seconds >= 1 && cpu > 0)
    t.ok(Number(statuses[200]?.p50) > 0 && Number(statuses[200]?.p50) <= Number(statuses[200]?.p999))
    const few = bodies.slice(0, Math.min(bodies.length, 50_000))
    t.equal(new Set(few).size, few.length, 'each once, until it begins anew')
    for (const body of few.slice(0, 100)) t.equal(JSON.parse(body).event_type, 'message')
  })

  t.test(`${sender.tool} counts what is refused apart`, { skip }, async t => {
    const { url } = await serve(t, number => (number % 10 === 0 ? 503 : 200))
    const options = { url, events: events(t, 1_000), connections: 4, seconds: 1 }
    const { statuses } = await closedLoop(sender, options)
    const refused = Number(statuses[sender.tool === 'wrk' ? 'refused' : 503]?.count)
    t.ok(Math.abs(Number(statuses[200]?.count) / refused - 9) < 1, `${refused} refused`)
  })

  t.test(`${sender.tool} knows a status that all are to get`, { skip }, async t => {
    const { url } = await serve(t, () => 401)
    const options = { url, events: events(t, 1_000), connections: 4, seconds: 1, status: 401 }
    const { statuses } = await closedLoop(sender, options)
    t.strictSame(Object.keys(statuses), ['401'])
  })
}

t.test('a constant rate does not wait for answers, and counts the waiting for a connection', async t => {
  const { url } = await serve(t, () => 200)
  const options = { url, events: events(t, 1_000), connections: 16, seconds: 1, rate: 200 }
  const { statuses, used, unsent } = await openLoop({ tool: 'generator' }, options)
  t.ok(used === 199 || used === 200, `${used} sent`)
  t.equal(unsent, 0)
  t.equal(statuses[200]?.count, used)

  const server = createServer((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(200, { 'content-length': 0 }).end(), 100)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const slow = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  // One connection takes ten a second: the last of twenty is due after a second and answered after two.
  const late = await openLoop({ tool: 'generator' }, { ...options, url: slow, connections: 1, rate: 20 })
  t.ok(Number(late.statuses[200]?.max) > 500, `the slowest took ${late.statuses[200]?.max} ms`)
})

t.test('an overload counts what was answered before the end, and sends nothing after it', async t => {
  const server = createServer((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(200, { 'content-length': 0 }).end(), 400)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { url, events: events(t, 1_000), connections: 5, seconds: 1, rate: 100 }
  // Five connections take a dozen a second of a hundred: the other requests find none.
  const { statuses, used, unsent, broken } = await openLoop(
    { tool: 'generator' },
    { ...options, ramp: 1, overload: true },
  )
  const { count = 0, inTime = 0, max = Infinity } = statuses[200] ?? {}
  t.equal(count, used, 'what was sent is answered')
  t.ok(used <= 30, `${used} were sent`)
  t.ok(inTime > 0 && inTime <= count - 5, `${inTime} of them in the second second`)
  t.ok(unsent + used > 190, `${unsent} waited at the sender`)
  t.ok(max < 1_500, `${max} ms since the sending`)
  t.equal(broken, 0)
})

t.test('thousands of connections are opened and closed', async t => {
  const { url } = await serve(t, () => 200)
  const options = { url, events: events(t, 5_000), connections: 2_000, seconds: 1, rate: 2_000 }
  const { statuses, broken, unsent } = await openLoop({ tool: 'generator' }, { ...options, overload: true })
  t.ok(Number(statuses[200]?.count) > 0)
  t.strictSame([broken, Object.keys(statuses)], [0, ['200']])
  t.ok(unsent >= 0)
})

t.test('connections that break are counted', async t => {
  let requests = 0
  const server = createServer((request, response) => {
    request.resume()
    if (requests++ === 5) request.destroy()
    else response.writeHead(200, { 'content-length': 0 }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { url, events: events(t, 1_000), connections: 2, seconds: 1 }
  t.equal((await closedLoop({ tool: 'generator' }, options)).broken, 1)
})
