import t from 'tap'
import { startAdmin } from './harness.ts'

const NUMBER_1000 = 'must be a whole number from 1 to 1000'
const DURATION = 'is not a duration: write 500ms, 2s, 5m, 24h or 0'
const LEASES = 'must be the list of leases that /queue/receive gave'

const bad: [path: string, body: unknown, message: string][] = [
  ['/queue/receive', { max: 0 }, `max ${NUMBER_1000}`],
  ['/queue/receive', { max: 1001 }, `max ${NUMBER_1000}`],
  ['/queue/receive', { max: 1.5 }, `max ${NUMBER_1000}`],
  ['/queue/receive', { max: '10' }, `max ${NUMBER_1000}`],
  ['/queue/receive', { wait: 'soon' }, `wait ${DURATION}`],
  ['/queue/receive', { wait: 20 }, `wait ${DURATION}`],
  ['/queue/receive', { wait: '61s' }, 'wait must be 60s at most'],
  ['/queue/receive', { lease: '0s' }, 'lease must be more than 0 and 12h at most'],
  ['/queue/receive', { lease: '13h' }, 'lease must be more than 0 and 12h at most'],
  ['/queue/receive', { max: 0, wait: '61s' }, `max ${NUMBER_1000}; wait must be 60s at most`],
  ['/queue/receive', { limit: 5 }, 'The request has no field limit, only max, wait, lease'],
  ['/queue/receive', [], 'The request must be a JSON object'],
  ['/queue/receive', '"text"', 'The request must be a JSON object'],
  ['/queue/ack', undefined, `leases ${LEASES}`],
  ['/queue/ack', { leases: 'a' }, `leases ${LEASES}`],
  ['/queue/ack', { leases: Array(10_001).fill('a') }, 'leases must be 10000 leases at most'],
  ['/queue/ack', { leases: ['a', 1] }, 'leases.1 must be a lease'],
  ['/queue/ack', { leases: ['x'.repeat(201)] }, 'leases.0 must be a lease'],
  ['/queue/nack', {}, `leases ${LEASES}`],
  ['/queue/nack', { leases: [], delay: '-1s' }, `delay ${DURATION}`],
  ['/queue/nack', { leases: [], delay: '13h' }, 'delay must be 12h at most'],
  ['/queue/nack', { leases: [], reason: 5 }, 'reason must be a text'],
  ['/queue/nack', { leases: [], reason: 'x'.repeat(1001) }, 'reason must be 1000 characters at most'],
  ['/queue/dead/redrive', { seqs: 5 }, 'seqs must be a list of the numbers that /queue/dead gives as seq'],
  ['/queue/dead/redrive', { seqs: [0] }, 'seqs.0 must be a whole number from 1 to 9007199254740991'],
  ['/queue/dead/redrive', { seqs: Array(10_001).fill(1) }, 'seqs must be 10000 numbers at most'],
]

const badQueries: [query: string, message: string][] = [
  ['limit=0', `limit ${NUMBER_1000}`],
  ['limit=1001', `limit ${NUMBER_1000}`],
  ['limit=many', `limit ${NUMBER_1000}`],
  ['after=-1', 'after must be a whole number from 0 to 9007199254740991'],
  ['after=1.5', 'after must be a whole number from 0 to 9007199254740991'],
  ['page=2', 'The request has no field page, only after, limit'],
]

t.test('what is wrong is named, in words that say how to write it', async t => {
  const { call } = await startAdmin(t)
  const error = { statusCode: 400, code: 'ERR_BAD_REQUEST', error: 'Bad Request' }
  for (const [path, body, message] of bad)
    t.same((await call('POST', path, body)).json, { ...error, message }, message)
  for (const [query, message] of badQueries)
    t.same((await call('GET', `/queue/dead?${query}`)).json, { ...error, message }, query)
})

t.test('the limits themselves are allowed', async t => {
  const { call } = await startAdmin(t)
  const good: [path: string, body: unknown][] = [
    ['/queue/receive', { max: 1000, wait: '0', lease: '12h' }],
    ['/queue/ack', { leases: Array(10_000).fill('x') }],
    ['/queue/nack', { leases: ['x'.repeat(200)], delay: '12h', reason: 'x'.repeat(1000) }],
    ['/queue/dead/redrive', { seqs: Array(10_000).fill(1) }],
  ]
  for (const [path, body] of good) t.equal((await call('POST', path, body)).status, 200, path)
  t.equal((await call('GET', '/queue/dead?after=0&limit=1000')).status, 200)
})

t.test('where everything has a default, no body is needed', async t => {
  const { call } = await startAdmin(t)
  const json = { 'content-type': 'application/json' }
  for (const [path, body] of [
    ['/queue/receive', { messages: [] }],
    ['/queue/dead/redrive', { redriven: 0 }],
  ] as const) {
    t.same((await call('POST', path)).json, body, 'none')
    t.same((await call('POST', path, undefined, json)).json, body, 'announced but empty')
    t.same((await call('POST', path, ' \n')).json, body, 'white space')
    t.same((await call('POST', path, '{}')).json, body, 'an empty object')
    t.same((await call('POST', path, 'null')).json, body, 'null')
  }
  t.same((await call('GET', '/queue/dead')).json, { dead: [] })
})
