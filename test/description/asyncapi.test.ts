import { MsgHdrsImpl } from '@nats-io/transport-node'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'
import { asyncApi, eventSchema } from '../../src/description/asyncapi.ts'
import type { JsonSchema } from '../../src/description/json-schema.ts'
import { amqpEnvelope } from '../../src/queue/drivers/amqp-envelope.ts'
import { recordOf } from '../../src/queue/drivers/kafka-records.ts'
import { natsHeaders } from '../../src/queue/drivers/nats-headers.ts'
import { entryOf } from '../../src/queue/drivers/sqs-entry.ts'
import { message, messageOfTrace, TRACE } from '../queue/fixtures/message.ts'
import { startService } from './service.ts'

// The service takes a while to start on a busy machine.
t.setTimeout(120_000)

const SPECIFICATION = join(
  import.meta.dirname,
  '../../node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json',
)

type Message = { payload: JsonSchema; headers?: { properties: Record<string, object> } }
type Document = JsonSchema & { components: { messages: Record<string, Message> } }

function documentOf(): Document {
  return JSON.parse(JSON.stringify(asyncApi()))
}

function draft7(): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  return ajv
}

t.test('the document is AsyncAPI 3.0', async t => {
  const check = draft7().compile(JSON.parse(readFileSync(SPECIFICATION, 'utf8')))
  t.ok(check(documentOf()), JSON.stringify(check.errors))
  t.notOk(check({ ...documentOf(), channels: { redis: { address: 5 } } }), 'and it would tell')
  const ajv = draft7().addSchema(documentOf(), 'document')
  for (const ref of JSON.stringify(documentOf()).matchAll(/"\$ref":"(#[^"]+)"/g))
    t.doesNotThrow(() => ajv.compile({ $ref: `document${ref[1]}` }), String(ref[1]))
})

t.test('the payload is the event as it is on the queue', async t => {
  const ajv = draft7().addSchema(documentOf(), 'document')
  const { body } = message()
  const event: Record<string, unknown> = JSON.parse(body.toString())
  for (const name of Object.keys(documentOf().components.messages)) {
    const check = ajv.compile({ $ref: `document#/components/messages/${name}/payload` })
    t.ok(check(event), `${name} ${JSON.stringify(check.errors)}`)
    t.notOk(check({ ...event, id: 'x' }), name)
  }
})

t.test('the headers are those that the drivers send', async t => {
  const sent = messageOfTrace(TRACE)
  const { headers: kafka } = recordOf('topic', sent)
  const { entry } = entryOf(sent, { fifo: false, limit: 1_000_000 })
  const drivers: Record<string, string[]> = {
    rabbitmq: Object.keys(amqpEnvelope('exchange', sent).headers ?? {}),
    nats: MsgHdrsImpl.decode(natsHeaders(sent).encode()).keys(),
    kafka: [...kafka.keys()].map(String),
    sqs: Object.keys(entry.MessageAttributes ?? {}),
  }
  const { messages } = documentOf().components
  for (const [name, names] of Object.entries(drivers))
    t.same(
      names.filter(name => name !== 'content-type' && name !== 'Nats-Msg-Id').toSorted(),
      Object.keys(messages[name]?.headers?.properties ?? {}).toSorted(),
      name,
    )
})

t.test('the private listener serves both', async t => {
  const { document } = await startService(t)
  t.same(await document('/asyncapi.json'), documentOf())
  t.same(await document('/schemas/event.json'), JSON.parse(JSON.stringify(eventSchema())))
})
