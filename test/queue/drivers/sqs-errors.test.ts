import t from 'tap'
import { QueueRefusedError } from '../../../src/errors.ts'
import {
  entryError,
  isBusy,
  isDenied,
  isMissing,
  queueError,
  requestError,
} from '../../../src/queue/drivers/sqs-errors.ts'

const named = (name: string, more: object = {}) =>
  Object.assign(new Error('text of the service'), { name, ...more })

const refused = (message: RegExp) => ({ code: 'ERR_QUEUE_REFUSED', message })

void t.test('what an error means', t => {
  const cases: [unknown, { code: string; message: RegExp }][] = [
    [named('AccessDenied'), refused(/AccessDenied for events: give it the rights/)],
    [named('QueueDoesNotExist'), refused(/no such queue: create it/)],
    [named('Error', { Code: 'AWS.SimpleQueueService.NonExistentQueue' }), refused(/no such queue/)],
    [named('KmsDisabled'), refused(/the key that encrypts/)],
    [named('CredentialsProviderError'), refused(/AWS_ACCESS_KEY_ID/)],
    [new Error('Region is missing'), refused(/AWS_REGION/)],
    [named('Error', { code: 'CERT_HAS_EXPIRED' }), refused(/CERT_HAS_EXPIRED/)],
    [named('KmsThrottled'), { code: 'ERR_QUEUE_UNAVAILABLE', message: /KmsThrottled/ }],
    [named('ThrottlingException'), { code: 'ERR_QUEUE_UNAVAILABLE', message: /ThrottlingException/ }],
    [named('Error', { code: 'ECONNREFUSED' }), { code: 'ERR_QUEUE_UNAVAILABLE', message: /ECONNREFUSED/ }],
    ['text', { code: 'ERR_QUEUE_UNAVAILABLE', message: /no answer/ }],
  ]
  for (const [cause, expected] of cases) t.match(queueError('events', cause), expected)
  t.equal(queueError('events', cases[0]?.[0]).cause, cases[0]?.[0])
  const ours = new QueueRefusedError('as it is')
  t.equal(queueError('events', ours), ours)
  t.end()
})

void t.test('what an error of one entry means', t => {
  const cases = [
    [{ Code: 'InvalidParameterValue', SenderFault: true }, 'ERR_MESSAGE_REFUSED'],
    [{ Code: 'AccessDenied', SenderFault: true }, 'ERR_QUEUE_REFUSED'],
    [{ Code: 'RequestThrottled', SenderFault: true }, 'ERR_QUEUE_UNAVAILABLE'],
    [{ Code: 'InternalError', SenderFault: false }, 'ERR_QUEUE_UNAVAILABLE'],
    [{}, 'ERR_QUEUE_UNAVAILABLE'],
  ] as const
  for (const [failure, code] of cases) t.match(entryError('events', failure), { code })
  t.end()
})

void t.test('what an error of a request means for its entries', t => {
  const tooLong = named('AWS.SimpleQueueService.BatchRequestTooLong')
  t.match(requestError('events', tooLong, 1), { code: 'ERR_MESSAGE_REFUSED', cause: tooLong })
  t.match(requestError('events', tooLong, 2), { code: 'ERR_QUEUE_UNAVAILABLE' })
  t.match(requestError('events', named('AccessDenied'), 1), { code: 'ERR_QUEUE_REFUSED' })
  t.end()
})

void t.test('what kind of error it is', t => {
  t.ok(isBusy(named('OverLimit')))
  t.notOk(isBusy(named('AccessDenied')))
  t.ok(isMissing(named('QueueDoesNotExist')))
  t.notOk(isMissing(named('AccessDenied')))
  t.ok(isDenied(named('AccessDeniedException')))
  t.notOk(isDenied(named('QueueDoesNotExist')))
  t.end()
})
