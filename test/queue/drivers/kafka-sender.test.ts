import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { recordOf } from '../../../src/queue/drivers/kafka-records.ts'
import { createSender } from '../../../src/queue/drivers/kafka-sender.ts'
import { message } from '../fixtures/message.ts'

async function away(): Promise<never> {
  throw new Error('away')
}

// The rest is tried against a real broker, in kafka.test.ts.
void t.test('what was ended while it tried again loses nothing any more', async t => {
  const lost: Error[] = []
  const asked = Promise.withResolvers<void>()
  const leaders = async () => {
    asked.resolve()
    return away()
  }
  const sender = createSender({
    cluster: { open: away, connection: away, producer: away, leaders, destroy: async () => {} },
    topic: 'events',
    timeout: 10_000,
    leaders: [1],
    producer: { id: 7n, epoch: 0 },
    onLost: error => void lost.push(error),
  })
  const sent = t.rejects(sender.send(recordOf('events', message())), { message: 'closed' })
  await sleep(1)
  sender.end(new Error('closed'))
  await sent
  await asked.promise
  await sleep(1)
  t.same(lost, [])
})
