import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  UserError,
} from '@platformatic/kafka'
import t from 'tap'
import {
  isAnswer,
  isUnknownTopic,
  messageRefused,
  queueError,
  remedyFor,
  throwUnlessPassing,
} from '../../../src/queue/drivers/kafka-errors.ts'

const coded = (code: string) => Object.assign(new Error(code), { code })

void t.test('what to do about a batch that was not taken', t => {
  const cases = {
    MESSAGE_TOO_LARGE: 'split',
    RECORD_LIST_TOO_LARGE: 'split',
    OUT_OF_ORDER_SEQUENCE_NUMBER: 'renew',
    INVALID_PRODUCER_EPOCH: 'renew',
    TOPIC_AUTHORIZATION_FAILED: 'refuse',
    NOT_ENOUGH_REPLICAS: 'retry',
    NOT_LEADER_OR_FOLLOWER: 'retry',
    REQUEST_TIMED_OUT: 'retry',
    undefined: 'retry',
  }
  for (const [id, remedy] of Object.entries(cases)) t.equal(remedyFor(id), remedy, id)
  t.end()
})

void t.test('what an error means', t => {
  const refused = 'ERR_QUEUE_REFUSED'
  const unavailable = 'ERR_QUEUE_UNAVAILABLE'
  const away = new NetworkError('Connection to h:1 failed.', { cause: coded('ECONNREFUSED') })
  const cases: [unknown, { code: string; message: RegExp }][] = [
    [new UserError('Unknown topic events.'), { code: refused, message: /no topic events: create it/ }],
    [
      new ProtocolError('TOPIC_AUTHORIZATION_FAILED'),
      { code: refused, message: /TOPIC_AUTHORIZATION_FAILED for events: give/ },
    ],
    [new AuthenticationError('SASL authentication failed.'), { code: refused, message: /password/ }],
    [
      new NetworkError('', { cause: coded('CERT_HAS_EXPIRED') }),
      { code: refused, message: /CERT_HAS_EXPIRED/ },
    ],
    [new UserError('Broker requires TLS.'), { code: refused, message: /kafkas:/ }],
    [
      new MultipleErrors('Cannot connect to any broker.', [away]),
      { code: unavailable, message: /ECONNREFUSED/ },
    ],
    [new NetworkError('Connection closed'), { code: unavailable, message: /no answer/ }],
  ]
  for (const [cause, expected] of cases) {
    t.match(queueError('events', cause), expected)
    t.equal(queueError('events', cause).cause, cause)
  }
  t.end()
})

void t.test('what an answer is', t => {
  t.ok(isUnknownTopic(new MultipleErrors('', [new UserError('Unknown topic x.')])))
  t.notOk(isUnknownTopic(new ProtocolError('LEADER_NOT_AVAILABLE')))
  t.ok(isAnswer(new MultipleErrors('', [new ProtocolError('TOPIC_ALREADY_EXISTS')]), 'TOPIC_ALREADY_EXISTS'))
  t.notOk(isAnswer(new Error(), 'TOPIC_ALREADY_EXISTS'))
  throwUnlessPassing(new ProtocolError('COORDINATOR_LOAD_IN_PROGRESS'))
  for (const error of [new NetworkError('cut'), new ProtocolError('TOPIC_AUTHORIZATION_FAILED')])
    t.throws(() => throwUnlessPassing(error), error)
  t.end()
})

void t.test('what the topic will never take', t => {
  t.match(messageRefused('events', 'MESSAGE_TOO_LARGE'), {
    code: 'ERR_MESSAGE_REFUSED',
    message: /max.message.bytes/,
  })
  t.match(messageRefused('events', 'INVALID_RECORD'), { message: /invalid/ })
  t.end()
})
