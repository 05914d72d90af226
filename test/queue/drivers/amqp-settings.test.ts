import t from 'tap'
import { amqpSettings } from '../../../src/queue/drivers/amqp-settings.ts'

const read = (url: string, queueName = 'events') => amqpSettings({ url: new URL(url), queueName })

void t.test('has defaults', async t => {
  t.same(read('amqp://a'), {
    hosts: [{ hostname: 'a', port: 5672 }],
    vhost: '/',
    username: 'guest',
    password: 'guest',
    exchange: 'events',
    queue: 'events',
    queueArguments: { 'x-queue-type': 'quorum' },
    heartbeat: 10,
  })
  t.match(read('amqps://a'), { hosts: [{ port: 5671 }] })
})

void t.test('reads the URL', async t => {
  const url = 'amqps://u%40:p%2F@a:1/v%2Fw?hosts=b,c:2&exchange=x&heartbeat=5&max_length=6&max_bytes=7'
  t.same(read(url), {
    hosts: [
      { hostname: 'a', port: 1 },
      { hostname: 'b', port: 5671 },
      { hostname: 'c', port: 2 },
    ],
    vhost: 'v/w',
    username: 'u@',
    password: 'p/',
    exchange: 'x',
    queue: 'events',
    queueArguments: {
      'x-queue-type': 'quorum',
      'x-max-length': 6,
      'x-max-length-bytes': 7,
      'x-overflow': 'reject-publish',
    },
    heartbeat: 5,
  })
})

void t.test('refuses what it does not know', async t => {
  for (const query of [
    'heartbeat=0',
    'heartbeat=x',
    'max_length=0',
    'max_bytes=-1',
    'exchange=',
    'vhost=x',
    'hosts=:',
  ])
    t.throws(
      () => read(`amqp://u:secret@a?${query}`),
      { code: 'ERR_CONFIG', message: /^(?!.*secret)/ },
      query,
    )
})
