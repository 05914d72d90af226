import t from 'tap'
import { sqsSettings } from '../../../src/queue/drivers/sqs-settings.ts'

const settings = (text: string, queueName = 'events') => sqsSettings({ url: new URL(text), queueName })

void t.test('a region, where QUEUE_NAME is the queue', t => {
  t.same(settings('sqs://eu-west-1'), { name: 'events', region: 'eu-west-1', fifo: false })
  t.same(settings('sqs://eu-west-1/', 'events.fifo'), {
    name: 'events.fifo',
    region: 'eu-west-1',
    fifo: true,
  })
  t.same(settings('sqs://'), { name: 'events', fifo: false }, 'the SDK looks for the region')
  t.same(settings('sqs://us-east-1?endpoint=http://127.0.0.1:4566'), {
    name: 'events',
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:4566',
    fifo: false,
  })
  t.end()
})

void t.test("a queue's own URL", t => {
  t.same(settings('https://sqs.eu-west-1.amazonaws.com/123456789012/other.fifo'), {
    name: 'other.fifo',
    url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/other.fifo',
    endpoint: 'https://sqs.eu-west-1.amazonaws.com',
    region: 'eu-west-1',
    fifo: true,
  })
  t.match(settings('https://vpce-1.sqs.us-gov-west-1.vpce.amazonaws.com/1/q'), { region: 'us-gov-west-1' })
  t.match(settings('http://127.0.0.1:4566/000000000000/q?region=us-east-1'), {
    url: 'http://127.0.0.1:4566/000000000000/q',
    region: 'us-east-1',
  })
  t.notOk('region' in settings('http://127.0.0.1:4566/000000000000/q'))
  t.end()
})

void t.test('what is wrong is named, without the URL', t => {
  const cases = {
    'sqs://key:secret@eu-west-1': /holds no credentials/,
    'sqs://eu-west-1/queue': /without a port or path/,
    'sqs://eu-west-1:80': /without a port or path/,
    'sqs://eu-west-1?region=x': /has no setting region/,
    'sqs://eu-west-1?endpoint=ftp://secret': /endpoint/,
    'https://sqs.eu-west-1.amazonaws.com/queue': /https:\/\/HOST\/ACCOUNT\/NAME/,
    'https://sqs.eu-west-1.amazonaws.com/1/queue/secret': /HOST\/ACCOUNT\/NAME/,
    'https://sqs.eu-west-1.amazonaws.com/1/a.b': /the name of the queue/,
  }
  for (const [text, message] of Object.entries(cases)) {
    t.throws(() => settings(text), { code: 'ERR_CONFIG', message }, text)
    t.throws(() => settings(text), { message: /^((?!secret).)*$/ }, text)
  }
  for (const name of ['a.b', 'a'.repeat(81), '.fifo'])
    t.throws(() => settings('sqs://eu-west-1', name), { message: /QUEUE_NAME/ }, name)
  t.end()
})
