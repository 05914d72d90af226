import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import t from 'tap'
import { createSqliteQueue } from '../../../src/queue/drivers/sqlite.ts'
import { inspectQueue } from '../../../src/queue/drivers/sqlite-inspect.ts'
import { message } from '../fixtures/message.ts'
import { testDirectory } from '../../fixtures/directory.ts'

t.test('a queue that nobody has open is looked into, and nothing is left beside it', async t => {
  const directory = testDirectory(t)
  const file = join(directory, 'a queue?.sqlite')
  t.equal(inspectQueue(file), 'missing')
  const log = pino({ level: 'silent' })
  const queue = createSqliteQueue({ file, dedupeWindow: 0, log, minFree: 0, ballast: 0 })
  await queue.connect()
  await queue.publish(message())
  t.equal(inspectQueue(file), 'unclean', 'what is in the log of an open queue is left alone')
  await queue.close()
  const before = readdirSync(directory)
  t.same(inspectQueue(file), { waiting: 1, dead: 0 })
  t.same(readdirSync(directory), before)
})

t.test('what is no queue is told', async t => {
  const directory = testDirectory(t)
  const file = join(directory, 'q.sqlite')
  writeFileSync(file, '')
  t.equal(inspectQueue(file), 'missing', 'a first start was cut off')
  writeFileSync(file, 'x'.repeat(5000))
  t.throws(() => inspectQueue(file), { code: 'ERR_QUEUE_CORRUPT' })
  writeFileSync(file, '')
  const other = new DatabaseSync(file)
  other.exec('CREATE TABLE t (x)')
  t.throws(() => inspectQueue(file), { code: 'ERR_QUEUE_CORRUPT', message: /not a queue of this service/ })
  other.exec('PRAGMA application_id = 0x6a656c71; PRAGMA user_version = 99')
  t.throws(() => inspectQueue(file), { code: 'ERR_QUEUE_UNAVAILABLE', message: /newer version/ })
  other.close()
})
