import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createBatches, type Pending } from '../../../src/queue/drivers/sqs-batches.ts'

/** Batches whose answers the test gives: `sent` are those on their way, by the names of their entries. */
function controlled(parallel: number, size = 1000) {
  const sent: { names: string[]; answer: () => Promise<void> }[] = []
  const outcomes: Record<string, string> = {}
  const batches = createBatches({
    parallel,
    size,
    send(entries: Pending[]) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const answer = async () => {
        for (const { done } of entries) done()
        resolve()
        await turn()
      }
      sent.push({ names: entries.map(({ entry }) => entry.MessageBody ?? ''), answer })
      return promise
    },
  })
  const add = (key: string, MessageBody: string, { size = 1, deadline = Infinity } = {}) => {
    const done = (error?: Error) => void (outcomes[MessageBody] = error ? error.message : 'sent')
    batches.add(key, { entry: { MessageBody }, size, deadline, done })
  }
  return { batches, add, outcomes, sent, names: () => sent.map(({ names }) => names.join(' ')) }
}

void t.test('what comes in one turn goes together, ten at most', async t => {
  const { add, names } = controlled(5)
  for (let index = 0; index < 12; index++) add(`key ${index}`, `${index}`)
  await turn()
  t.same(names(), ['0 1 2 3 4 5 6 7 8 9', '10 11'])
})

void t.test('a key is in one batch at a time, others go on', async t => {
  const { add, names, sent } = controlled(5)
  for (let index = 0; index < 12; index++) add('a', `a${index}`)
  await turn()
  add('a', 'a12')
  add('b', 'b')
  await turn()
  t.same(names(), ['a0 a1 a2 a3 a4 a5 a6 a7 a8 a9', 'b'])
  await sent[0]?.answer()
  t.same(names()[2], 'a10 a11 a12')
})

void t.test('what comes while all are on their way goes together next', async t => {
  const { add, names, sent } = controlled(1)
  for (const key of ['a', 'b', 'c']) {
    add(key, key)
    await turn()
  }
  t.same(names(), ['a'])
  await sent[0]?.answer()
  t.same(names(), ['a', 'b c'])
})

void t.test('a batch is no larger than may be; a larger entry goes alone', async t => {
  const { add, names } = controlled(9, 10)
  for (const [index, size] of [4, 4, 4, 20, 1, 9].entries()) add(`key ${index}`, `${index}`, { size })
  await turn()
  t.same(names(), ['0 1', '2', '3', '4 5'])
})

void t.test('what waits for too long is rejected', async t => {
  const { add, names, sent, outcomes } = controlled(1)
  add('a', 'a')
  await turn()
  add('a', 'late', { deadline: 0 })
  add('b', 'later', { deadline: 0 })
  add('b', 'in time')
  add('c', 'alone and late', { deadline: 0 })
  await sent[0]?.answer()
  t.match(outcomes, { late: /too slowly/, later: /too slowly/, 'alone and late': /too slowly/ })
  t.same(names(), ['a', 'in time'])
})

void t.test('the end rejects what waits', async t => {
  const { add, batches, sent, outcomes, names } = controlled(1)
  add('a', 'a')
  await turn()
  add('a', 'waits')
  batches.end(new Error('away'))
  await sent[0]?.answer()
  t.same(outcomes, { a: 'sent', waits: 'away' })
  t.same(names(), ['a'])
})
