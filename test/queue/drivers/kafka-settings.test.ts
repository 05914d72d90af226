import t from 'tap'
import { kafkaSettings } from '../../../src/queue/drivers/kafka-settings.ts'

const settings = (text: string) => kafkaSettings({ url: new URL(text), tls: { ca: Buffer.from('ca') } })

void t.test('brokers, with what Kafka calls their default port', t => {
  t.same(settings('kafka://one').brokers, [{ host: 'one', port: 9092 }])
  t.same(settings('kafka://[::1]:1/?brokers=two:2,10.0.0.3,three:3').brokers, [
    { host: '::1', port: 1 },
    { host: 'two', port: 2 },
    { host: '10.0.0.3', port: 9092 },
    { host: 'three', port: 3 },
  ])
  t.end()
})

void t.test('the topic to create', t => {
  const configs = (text: string) =>
    Object.fromEntries(settings(text).topic.configs.map(({ name, value }) => [name, value]))
  const usual = { 'cleanup.policy': 'delete', 'max.message.bytes': '2097152' }
  t.match(settings('kafka://one').topic, { partitions: 12, replication: -1 })
  t.same(configs('kafka://one'), usual)
  t.match(settings('kafka://one?partitions=3&replication=2').topic, { partitions: 3, replication: 2 })
  t.same(configs('kafka://one?replication=2'), usual)
  t.same(configs('kafka://one?replication=3'), { ...usual, 'min.insync.replicas': '2' })
  t.same(configs('kafka://one?minInsyncReplicas=1&replication=3&maxMessageBytes=5000'), {
    ...usual,
    'max.message.bytes': '5000',
    'min.insync.replicas': '1',
  })
  t.end()
})

void t.test('who logs in, and how', t => {
  t.same(settings('kafka://one').sasl, undefined)
  t.same(settings('kafkas://a%40b:p%2Fw@one').sasl, { mechanism: 'PLAIN', username: 'a@b', password: 'p/w' })
  t.match(settings('kafkas://u:p@one?sasl=scram-sha-256').sasl, { mechanism: 'SCRAM-SHA-256' })
  t.match(settings('kafkas://u:p@one?sasl=scram-sha-512').sasl, { mechanism: 'SCRAM-SHA-512' })
  t.same(settings('kafka://one').tls, undefined)
  t.same(settings('kafkas://one').tls, { ca: Buffer.from('ca') })
  t.end()
})

void t.test('what is wrong is named, without the URL', t => {
  const cases = {
    'kafka://u:secret@one?broker=x': /has no setting broker/,
    'kafka://u:secret@one?sasl=gssapi': /sasl/,
    'kafka://u:secret@one?partitions=0': /partitions must be/,
    'kafka://u:secret@one/topic': /has no path/,
    'kafka://': /a host must be/,
    'kafka://one?brokers=u:secret@two': /a host must be/,
    'kafka://one?brokers=two:x': /a host must be/,
    'kafka://u:%ff@one': /percent-encoded/,
  }
  for (const [text, message] of Object.entries(cases)) {
    t.throws(() => settings(text), { code: 'ERR_CONFIG', message }, text)
    t.throws(() => settings(text), { message: /^((?!secret).)*$/ }, text)
  }
  t.end()
})
