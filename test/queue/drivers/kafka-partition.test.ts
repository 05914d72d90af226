import { readRecordsBatch, Reader } from '@platformatic/kafka'
import t from 'tap'
import { createPartition, nextEpoch } from '../../../src/queue/drivers/kafka-partition.ts'
import { recordOf } from '../../../src/queue/drivers/kafka-records.ts'
import { message } from '../fixtures/message.ts'

function filled(count: number, text?: string) {
  const partition = createPartition('events', { id: 7n, epoch: 0 })
  const outcomes: string[] = []
  const add = (deadline = 1000) => {
    const index = outcomes.push('waits') - 1
    const done = (error?: Error) =>
      void (outcomes[index] = error === undefined ? 'stored' : String((error as NodeJS.ErrnoException).code))
    partition.add({ record: recordOf('events', message('room', text)), deadline, done })
  }
  for (let added = 0; added < count; added++) add()
  return { partition, outcomes, add, next: () => read(partition.next()) }
}

/** Epoch, first sequence number and count of records of a batch. */
function read(bytes: Buffer | undefined) {
  if (bytes === undefined) return undefined
  const { producerEpoch, firstSequence, records } = readRecordsBatch(Reader.from(bytes))
  return [producerEpoch, firstSequence, records.length]
}

void t.test('one batch at a time, each with the sequence numbers after the last', t => {
  const { next, add, partition, outcomes } = filled(3)
  t.same(next(), [0, 0, 3])
  add()
  t.equal(next(), undefined, 'while one is on its way')
  partition.answer('NONE')
  t.same(outcomes, ['stored', 'stored', 'stored', 'waits'])
  t.same(next(), [0, 3, 1])
  partition.answer('DUPLICATE_SEQUENCE_NUMBER')
  t.equal(outcomes[3], 'stored', 'it was stored by an earlier try')
  t.equal(next(), undefined)
  t.end()
})

void t.test('the same batch again, when nobody knows whether it was stored', t => {
  for (const fail of ['hold', 'REQUEST_TIMED_OUT', undefined]) {
    const { next, add, partition } = filled(2)
    t.same(next(), [0, 0, 2])
    if (fail === 'hold') partition.hold()
    else partition.answer(fail)
    add()
    t.equal(next(), undefined, 'not before it is freed')
    t.ok(partition.isStuck())
    partition.free(undefined)
    t.same(next(), [0, 0, 2])
    partition.answer('NONE')
    t.same(next(), [0, 2, 1])
  }
  t.end()
})

void t.test('another epoch once nobody waits for what is in doubt', t => {
  const { next, add, partition, outcomes } = filled(2)
  next()
  partition.hold()
  partition.expire(999)
  t.same(outcomes, ['waits', 'waits'])
  partition.expire(1000)
  t.same(outcomes, ['ERR_QUEUE_UNAVAILABLE', 'ERR_QUEUE_UNAVAILABLE'])
  add(3000)
  partition.free(undefined)
  t.same(next(), [1, 0, 1])
  partition.expire(3000)
  t.equal(outcomes[2], 'ERR_QUEUE_UNAVAILABLE', 'on its way, and too late')
  partition.answer('NONE')
  add()
  t.same(next(), [1, 1, 1], 'that was no doubt')
  t.end()
})

void t.test('what waits too long behind another is rejected', t => {
  const { add, next, partition, outcomes } = filled(1)
  next()
  add(500)
  partition.expire(600)
  t.same(outcomes, ['waits', 'ERR_QUEUE_UNAVAILABLE'])
  partition.answer('NONE')
  t.equal(next(), undefined)
  t.end()
})

void t.test('a producer that the broker does not know any more', t => {
  const { next, partition } = filled(2)
  next()
  partition.answer('OUT_OF_ORDER_SEQUENCE_NUMBER')
  partition.free(undefined)
  t.same(next(), [1, 0, 2])
  partition.answer('INVALID_PRODUCER_EPOCH')
  t.ok(partition.isWithoutProducer())
  t.equal(next(), undefined)
  partition.free({ id: 8n, epoch: 5 })
  t.same(next(), [5, 0, 2])
  partition.free(undefined)
  partition.answer('NONE')
  t.end()
})

void t.test('epochs end', t => {
  t.same(nextEpoch({ id: 7n, epoch: 0x7ffe }), { id: 7n, epoch: 0x7fff })
  t.equal(nextEpoch({ id: 7n, epoch: 0x7fff }), undefined)
  t.equal(nextEpoch(undefined), undefined)
  t.end()
})

void t.test('a batch that is too large is halved until the one is found that is', t => {
  const { next, partition, outcomes } = filled(4)
  t.same(next(), [0, 0, 4])
  partition.answer('MESSAGE_TOO_LARGE')
  t.same(next(), [0, 0, 2])
  partition.answer('MESSAGE_TOO_LARGE')
  t.same(next(), [0, 0, 1])
  partition.answer('MESSAGE_TOO_LARGE')
  t.same(outcomes, ['ERR_MESSAGE_REFUSED', 'waits', 'waits', 'waits'])
  t.same(next(), [0, 0, 3])
  partition.answer('NONE')
  t.end()
})

void t.test('batches are bounded in bytes; a larger event goes alone', t => {
  const { next, partition } = filled(3, 'x'.repeat(200_000))
  t.same(next(), [0, 0, 2])
  partition.answer('NONE')
  t.same(next(), [0, 2, 1])
  const large = filled(2, 'x'.repeat(600_000))
  t.same(large.next(), [0, 0, 1])
  t.end()
})

void t.test('what is refused is told, and the next goes on', t => {
  const { next, add, partition, outcomes } = filled(1)
  next()
  partition.answer('TOPIC_AUTHORIZATION_FAILED')
  t.same(outcomes, ['ERR_QUEUE_REFUSED'])
  add()
  t.same(next(), [0, 0, 1])
  t.end()
})

void t.test('an end rejects all, and an answer after it means nothing', t => {
  const { next, add, partition, outcomes } = filled(1)
  next()
  add()
  partition.end(Object.assign(new Error('closed'), { code: 'ENDED' }))
  partition.answer('NONE')
  t.same(outcomes, ['ENDED', 'ENDED'])
  t.equal(next(), undefined)
  t.end()
})
