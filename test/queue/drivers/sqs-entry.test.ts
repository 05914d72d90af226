import t from 'tap'
import { entryOf, groupOf } from '../../../src/queue/drivers/sqs-entry.ts'
import { message, messageOfTrace, messageWith, TRACE } from '../fixtures/message.ts'

const refused = (message: RegExp) => ({ code: 'ERR_MESSAGE_REFUSED', message })
const limits = { fifo: false, limit: 262_144 }

void t.test('body, and attributes that say the same', t => {
  const sent = messageOfTrace(TRACE)
  const { entry, size } = entryOf(sent, limits)
  t.equal(entry.MessageBody, String(sent.body))
  t.equal(Object.keys(entry.MessageAttributes ?? {}).length, 10, 'as many as there may be')
  t.match(entry.MessageAttributes, {
    ce_id: { DataType: 'String', StringValue: sent.id },
    traceparent: { StringValue: TRACE.traceparent },
    tracestate: { StringValue: TRACE.tracestate },
  })
  const attributes = Object.entries(entry.MessageAttributes ?? {})
  const counted = attributes.reduce(
    (sum, [name, { StringValue = '' }]) => sum + name.length + 6 + Buffer.byteLength(StringValue),
    sent.body.length,
  )
  t.equal(size, counted)
  t.notOk('MessageGroupId' in entry)
  t.match(entryOf(sent, { ...limits, fifo: true }).entry, {
    MessageGroupId: 'room',
    MessageDeduplicationId: sent.id,
  })
  t.end()
})

void t.test('an attribute that SQS cannot take is left out', t => {
  for (const key of ['', 'a\u0000b', 'a\ud83db']) {
    const { MessageAttributes = {} } = entryOf(message(key), limits).entry
    t.equal(MessageAttributes.ce_partitionkey, undefined)
    t.equal(Object.keys(MessageAttributes).length, 7)
  }
  t.end()
})

void t.test('what SQS never takes', t => {
  t.throws(() => entryOf(messageWith('room', '"a\u007fb\uffffc"'), limits), refused(/control characters/))
  const { size } = entryOf(message(), limits)
  t.throws(
    () => entryOf(message('room', 'x'.repeat(size)), { ...limits, limit: size }),
    refused(new RegExp(`takes ${size}`)),
  )
  t.ok(entryOf(messageWith('room', '"día 🎉 \u007f"'), limits))
  t.end()
})

void t.test('the group of a key', t => {
  for (const key of ['room', 'a-1_b.c', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(128)])
    t.equal(groupOf(key), key)
  const others = ['', ' ', 'día', 'a b', 'x'.repeat(129), '\ud83d', '\ud83e']
  const digests = others.map(groupOf)
  for (const digest of digests) t.match(digest, /^[0-9a-f]{64}$/)
  t.equal(new Set(digests).size, others.length, 'each has its own')
  t.end()
})
