import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { bodyReader } from '../../src/webhook/read-body.ts'

/** Begins to read a body, whose length or refusal `outcome` is. */
async function begin(read: ReturnType<typeof bodyReader>, length: number) {
  const request = new IncomingMessage(new Socket())
  const outcome = read(request).then(
    body => body.length,
    (error: { code: string }) => error.code,
  )
  request.push(Buffer.alloc(length))
  await setImmediate()
  return { request, outcome }
}

t.test('when all hold too much together, the one that was longest waited for gives way', async t => {
  const read = bodyReader(1_000, 4_200)
  const rounds = ['the first time', 'again, for nothing is counted that is over']
  for (const round of rounds) {
    const oldest = await begin(read, 800)
    const broken = await begin(read, 800)
    broken.request.destroy(new Error('cut'))
    t.equal(await broken.outcome, 'ERR_REQUEST_CUT')
    const others = [await begin(read, 800), await begin(read, 900), await begin(read, 100)]
    t.equal(await oldest.outcome, 'ERR_OVERLOADED', round)
    oldest.request.push(Buffer.alloc(800))
    for (const { request } of [oldest, ...others]) request.push(null)
    t.strictSame(await Promise.all(others.map(({ outcome }) => outcome)), [800, 900, 100])
  }
})

t.test('one that is as large as may be is taken, however little all may hold', async t => {
  const { request, outcome } = await begin(bodyReader(1_000, 10), 1_000)
  request.push(null)
  t.equal(await outcome, 1_000)
})

t.test('one whose connection was closed before is not waited for', async t => {
  const request = new IncomingMessage(new Socket())
  request.destroy()
  await t.rejects(bodyReader(1_000)(request), { code: 'ERR_REQUEST_CUT' })
})
