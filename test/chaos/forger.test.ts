import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createEventMaker } from './events.ts'
import { startForger } from './forger.ts'

/** Forges a hundred events for a webhook that gives every request this answer; resolves with what was taken. */
async function forged(t: Test, status: number) {
  let asked = 0
  const enough = Promise.withResolvers<void>()
  const server = createServer((request, response) => {
    if (++asked === 100) enough.resolve()
    request.resume().on('end', () => response.writeHead(status).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const taken: string[] = []
  const forger = startForger({
    seed: 1,
    interval: 0,
    make: createEventMaker(1, 0),
    room: 7,
    jelou: {
      integration: {
        id: 'id',
        webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        authType: 'bearer',
        authorization: 'token',
        signingSecret: 'secret',
        brainId: 'brain',
        createdAt: '',
      },
    },
    taken: (way, status) => void taken.push(`${way}: ${status}`),
  })
  await enough.promise
  await forger.rest()
  return { taken, refused: forger.refused() }
}

t.test('what is taken is told, by the way in which it was forged', async t => {
  const { taken, refused } = await forged(t, 200)
  t.equal(refused, 0)
  t.ok(taken.length >= 99)
  t.same([...new Set(taken)].toSorted(), [
    'a signature cut short: 200',
    'a wrong credential: 200',
    'an altered letter: 200',
    'another secret: 200',
    'no signature: 200',
    'the signature of another body: 200',
  ])
})

t.test('what is refused is counted', async t => {
  const { taken, refused } = await forged(t, 401)
  t.same(taken, [])
  t.ok(refused >= 99)
})
