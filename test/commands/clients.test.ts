import t from 'tap'
import { RegisterUnfinishedError } from '../../src/errors.ts'
import { startAdmin } from '../admin/harness.ts'
import { invoke } from './invoke.ts'

const rejection = {
  time: '2026-01-01T00:00:00.000Z',
  check: 'ERR_SIGNATURE_INVALID',
  statusCode: 401,
  headers: ['host'],
  bodyLength: 12,
  bodyHash: 'a'.repeat(64),
  source: '192.0.2.7',
}
const unread = { ...rejection, check: 'ERR_OVERLOADED', statusCode: 503, bodyLength: null, bodyHash: null }
const taken = { url: 'http://w', statusCode: 200, answer: 'accepted', id: 'i', tookMs: 1.5, problem: null }

t.test('status shows everything below the name of its part', async t => {
  const status = {
    status: 'ready',
    uptimeSeconds: 1.5,
    registration: { phase: 'registered', lastError: null, lastReconciledAt: 0, state: { shared: false } },
    refused: {},
  }
  const { url } = await startAdmin(t, { status: async () => status })
  t.same(await invoke(['status', '--url', `${url}/`]), {
    status: 0,
    err: '',
    out:
      'status              ready\nuptimeSeconds       1.5\nregistration\n' +
      '  phase             registered\n  lastError         -\n  lastReconciledAt  1970-01-01T00:00:00.000Z\n' +
      '  state\n    shared          false\nrefused             -\n',
  })
  const json = await invoke(['status', '--json', '--url', url])
  t.same(JSON.parse(json.out), status)
})

t.test('status of a service that is not ready has exit status 1', async t => {
  const { url } = await startAdmin(t, { status: async () => ({ status: 'not ready' }) })
  t.match(await invoke(['status', '--url', url]), { status: 1, out: 'status  not ready\n' })
})

t.test('register tells what was done', async t => {
  const outcomes = [
    ['unchanged', 'Jelou has the webhook as configured\n'],
    ['created', 'registered the webhook\n'],
    ['rotated', 'rotated\n'],
  ] as const
  for (const [outcome, out] of outcomes) {
    const done = async () => outcome
    const { url } = await startAdmin(t, { registration: { register: done, rotate: done, unregister: done } })
    t.same(await invoke(['register', '--url', url]), { status: 0, out, err: '' })
    const json = await invoke(['register', '--json', '--url', url])
    t.same(JSON.parse(json.out), { outcome })
  }
  const problem = new RegisterUnfinishedError('Jelou is down')
  const failing = () => Promise.reject(problem)
  const registration = { register: failing, rotate: failing, unregister: failing }
  const { url } = await startAdmin(t, { registration })
  t.same(await invoke(['register', '--url', url]), {
    status: 1,
    out: '',
    err: 'The webhook is not registered yet: Jelou is down\n',
  })
})

t.test('rotate and replay as JSON', async t => {
  const { url } = await startAdmin(t)
  t.same(JSON.parse((await invoke(['rotate', '--json', '--url', url])).out), { outcome: 'rotated' })
  t.same(JSON.parse((await invoke(['replay', '--json', '--url', url])).out), { redriven: 0 })
})

const asked = (seqs: string[]) => seqs.flatMap(seq => ['--seq', seq])

t.test('replay tells of dead letters that are not there, and by its exit status', async t => {
  const none = await startAdmin(t)
  const cases: [args: string[], status: number, out: string, err: string][] = [
    [[], 0, '0 sent again\n', ''],
    [['7'], 1, '', 'there is no dead letter 7: GET /queue/dead lists those that there are\n'],
    [['7', '8', '7'], 1, '', 'there is no dead letter 7, 8: GET /queue/dead lists those that there are\n'],
  ]
  for (const [seqs, status, out, err] of cases)
    t.same(await invoke(['replay', ...asked(seqs), '--url', none.url]), { status, out, err })
  const json = await invoke(['replay', '--json', ...asked(['7']), '--url', none.url])
  t.same(JSON.parse(json.out), { redriven: 0 })
  t.match(json, { status: 1, err: 'there is no dead letter 7' })

  const { url, publish, receive, call } = await startAdmin(t, { maxAttempts: 1 })
  await publish('a', 1)
  await publish('b', 2)
  const leases = (await receive({ max: 2 })).map(({ lease }) => lease)
  await call('POST', '/queue/nack', { leases })
  const [first = 0, second = 0] = (
    (await call('GET', '/queue/dead')).json as { dead: { seq: number }[] }
  ).dead.map(({ seq }) => seq)
  const some = await invoke(['replay', ...asked([`${first}`, '999', `${first}`]), '--url', url])
  t.same(some, {
    status: 1,
    out: '1 sent again\n',
    err: `there is no dead letter for 1 of ${first}, 999: GET /queue/dead lists those that there are\n`,
  })
  const one = await invoke(['replay', ...asked([`${second}`]), '--url', url])
  t.same(one, { status: 0, out: '1 sent again\n', err: '' })
})

t.test('unregister asks a person, and tells what it means', async t => {
  const { url } = await startAdmin(t)
  const willing = await invoke(['unregister', '--url', url], 'yes\n')
  t.match(willing, { status: 0, out: /^unregistered: Jelou sends no more events/ })
  t.match(willing.err, `Unregister the service at ${url}? Type yes to go on: `)
  t.match(await invoke(['unregister', '--yes', '--url', url]), { status: 0, err: '' })
  const json = await invoke(['unregister', '--yes', '--json', '--url', url])
  t.same(JSON.parse(json.out), { outcome: 'unregistered' })
})

t.test('without a yes nothing is unregistered', async t => {
  const problem = new Error('not asked for')
  const no = () => Promise.reject(problem)
  const { url } = await startAdmin(t, { registration: { register: no, rotate: no, unregister: no } })
  t.match(await invoke(['unregister', '--url', url], 'n\n'), {
    status: 1,
    out: '',
    err: /nothing was done\n$/,
  })
})

t.test('rejected shows the refused requests, newest first', async t => {
  const { url } = await startAdmin(t, { rejected: () => [rejection, unread] })
  t.equal(
    (await invoke(['rejected', '--url', url])).out,
    'TIME                      STATUS  CHECK                  SOURCE     BYTES\n' +
      '2026-01-01T00:00:00.000Z  401     ERR_SIGNATURE_INVALID  192.0.2.7  12\n' +
      '2026-01-01T00:00:00.000Z  503     ERR_OVERLOADED         192.0.2.7  -\n',
  )
  t.same(JSON.parse((await invoke(['rejected', '--json', '--url', url])).out), [rejection, unread])
  const none = await startAdmin(t, { rejected: () => [] })
  t.equal((await invoke(['rejected', '--url', none.url])).out, 'no request was refused\n')
})

t.test('consume ends when it is refused, and says why', async t => {
  const { url } = await startAdmin(t, { token: 'a-token-of-sixteen-characters' })
  t.match(await invoke(['consume', '--url', url]), { status: 1, out: '', err: /answered 401: check/ })
})

t.test('send tells what became of the test event', async t => {
  const refused = { ...taken, statusCode: 403, answer: 'ERR_SOURCE_NOT_ALLOWED', id: null, problem: 'why' }
  const unanswered = { ...taken, statusCode: null, answer: null, id: null, problem: 'it is away' }
  const cases = [
    [taken, 0, 'accepted i in 1.5 ms by http://w\n'],
    [refused, 1, 'not taken by http://w (403 ERR_SOURCE_NOT_ALLOWED): why\n'],
    [unanswered, 1, 'not taken by http://w (no answer): it is away\n'],
  ] as const
  for (const [result, status, out] of cases) {
    const ways: string[] = []
    const sendTestEvent = async (way: string) => {
      ways.push(way)
      return result
    }
    const { url } = await startAdmin(t, { sendTestEvent })
    t.same(await invoke(['send', '--url', url]), { status, out, err: '' })
    const json = await invoke(['send', '--public', '--json', '--url', url])
    t.same(JSON.parse(json.out), result)
    t.same(ways, ['loopback', 'public'])
  }
})
