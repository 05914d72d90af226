import { createSqliteQueue } from '../../src/queue/drivers/sqlite.ts'
import { signingKey, sign, verifyBody } from '../../src/jelou/signature.ts'
import { parseEvent } from '../../src/jelou/event.ts'
import { envelope } from '../../src/webhook/envelope.ts'
import type { QueueMessage } from '../../src/queue/types.ts'
import { eventMaker, PROJECT } from './load/events.ts'

/** Fills an embedded queue with events as the webhook makes them: `fill.ts FILE COUNT SEED`, as a process of its own. */
const [file = '', count = '', seed = ''] = process.argv.slice(2)
const CONCURRENCY = 4_096

const quiet = { info() {}, warn() {}, error() {} }
const queue = createSqliteQueue({ file, dedupeWindow: 24 * 3_600_000, log: quiet })
await queue.connect()
const key = signingKey('fill')
const make = eventMaker(seed)
const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

function message(index: number): QueueMessage {
  const text = make(index)
  const body = verifyBody(Buffer.from(text), sign(text, key), [key])
  if (body === undefined) throw new Error('an event that was signed here does not verify')
  return envelope(parseEvent(body), body, PROJECT, Date.now(), trace)
}

let next = 0
async function publishAll(): Promise<void> {
  while (next < Number(count)) await queue.publish(message(next++))
}
await Promise.all(Array.from({ length: CONCURRENCY }, publishAll))
await queue.close()
