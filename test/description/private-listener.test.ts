import { Registry } from 'prom-client'
import t from 'tap'
import { QueueFullError } from '../../src/errors.ts'
import { startAdmin } from '../admin/harness.ts'
import { Checker, exchange } from './checker.ts'
import { startService } from './service.ts'

// Every test has a service of its own, which takes a while to start on a busy machine.
t.setTimeout(120_000)

const DOCUMENT = '/openapi/private.json'

/** Requests about the registration, and how their errors begin. */
const CHANGES = [
  ['/registration/reconcile', 'REGISTER'],
  ['/registration/rotate', 'ROTATION'],
  ['/registration/unregister', 'UNREGISTER'],
] as const

/** What is described but cannot be provoked here, each with why. */
const NOT_SEEN: Record<string, string> = {}

t.test('every answer of the private listener is as described', async t => {
  const { app, jelou, adminUrl, document } = await startService(t)
  const checker = new Checker(await document(DOCUMENT))
  const operations = checker.operations()

  async function call(base: string, method: string, path: string, options: Parameters<typeof exchange>[3]) {
    const answer = await exchange(base, method, path, options)
    t.same(checker.problems(answer), [], `${method} ${path} ${answer.status}`)
    return answer
  }
  const get = (path: string) => call(adminUrl, 'GET', path, {})
  const post = async (path: string, body?: object) => {
    const options = { body: body && JSON.stringify(body) }
    return JSON.parse((await call(adminUrl, 'POST', path, options)).text)
  }
  const receive = async (max = 10): Promise<string[]> => {
    const { messages }: { messages: { lease: string }[] } = await post('/queue/receive', { max })
    return messages.map(({ lease }) => lease)
  }

  await t.test('what works', async t => {
    await jelou.send(jelou.event('text'))
    await jelou.send(jelou.event('conversation.close'))
    await jelou.send(jelou.event('unknown-fields'), { signature: 'forged' })
    for (const [method, path] of operations)
      if (method === 'GET') t.equal((await get(path)).status, 200, path)
    t.match(await post('/queue/receive'), { messages: [{ attempts: 1 }, { attempts: 1 }] })
    await jelou.send(jelou.event('text', 'another room'))
    const leases = await receive()
    t.match(await post('/queue/ack', { leases: [...leases, 'never'] }), { settled: 1, expired: ['never'] })
    await jelou.send(jelou.event('text', 'yet another room'))
    for (let attempt = 1; attempt <= 5; attempt++)
      await post('/queue/nack', { leases: await receive(), reason: 'too hard' })
    t.match(JSON.parse((await get('/queue/dead?limit=5')).text), {
      dead: [{ attempts: 5, reason: 'too hard' }],
    })
    t.match(await post('/queue/dead/redrive'), { redriven: 1 })
    t.match(await post('/test-event'), { statusCode: 200, answer: 'accepted' })
    for (const [path, outcome] of [
      ['reconcile', 'unchanged'],
      ['rotate', 'rotated'],
      ['unregister', 'unregistered'],
      ['reconcile', 'created'],
    ])
      t.match(await post(`/registration/${path}`), { outcome })
  })

  await t.test('what the caller does wrong', async t => {
    const large = JSON.stringify({ leases: ['x'.repeat(2 ** 20)] })
    for (const [method, path] of operations) {
      if (method === 'GET') continue
      const cases = [
        [400, { body: '{' }],
        [413, { body: large }],
        [415, { body: '{}', headers: { 'content-type': 'text/plain' } }],
      ] as const
      for (const [status, options] of cases)
        t.equal((await call(adminUrl, method, path, options)).status, status)
    }
    t.match(await post('/queue/receive', { maximum: 1 }), { code: 'ERR_BAD_REQUEST' })
    t.equal((await get('/queue/dead?limit=none')).status, 400)
  })

  await t.test('who may not call', async t => {
    for (const [method, path] of operations) {
      for (const headers of [{ host: 'rebound.example' }, { origin: 'http://page.example' }])
        t.equal((await call(adminUrl, method, path, { headers })).status, 403, path)
    }
    const token = 'a-token-of-some-length'
    const fixed = { JELOU_API_KEY: '', JELOU_SIGNING_SECRET: 'secret' }
    const other = await startService(t, { ADMIN_TOKEN: token, ...fixed })
    t.same(await other.document(DOCUMENT), await document(DOCUMENT), 'the description is the same for all')
    for (const [method, path] of operations)
      t.equal((await call(other.adminUrl, method, path, {})).status, 401, path)
    const headers = { authorization: `Bearer ${token}` }
    for (const [path, name] of CHANGES) {
      const { text } = await call(other.adminUrl, 'POST', path, { headers })
      t.match(JSON.parse(text), { code: `ERR_${name}_REFUSED` })
    }
  })

  await t.test('what others keep from working', async t => {
    jelou.faults.add({ status: 500 })
    for (const [path, name] of CHANGES) t.match(await post(path), { code: `ERR_${name}_UNFINISHED` })
    const unknown = await startService(t, { JELOU_API_KEY: 'wrong' }, { registered: false })
    const unsent = await call(unknown.adminUrl, 'POST', '/test-event', {})
    t.match(JSON.parse(unsent.text), { code: 'ERR_NOT_REGISTERED' })
    await app.queue.close()
    for (const path of ['/queue/stats', '/queue/dead'])
      t.match(JSON.parse((await get(path)).text), { code: 'ERR_QUEUE_UNAVAILABLE' }, path)
    const bodies: Record<string, object> = {
      '/queue/receive': {},
      '/queue/ack': { leases: ['a'] },
      '/queue/nack': { leases: ['a'] },
      '/queue/dead/redrive': {},
    }
    for (const [path, body] of Object.entries(bodies))
      t.match(await post(path, body), { code: 'ERR_QUEUE_UNAVAILABLE' }, path)

    for (const [status, error] of [
      [503, new QueueFullError('no room')],
      [500, new Error('a fault')],
    ] as const) {
      const fails = () => Promise.reject(error)
      const consumer = {
        receive: fails,
        acknowledge: fails,
        reject: fails,
        release: fails,
        dead: fails,
        redrive: fails,
      }
      const throwing = () => {
        throw error
      }
      const paths = operations.filter(([, path]) => path.endsWith('.json')).map(([, path]) => path)
      const { url } = await startAdmin(t, {
        status: fails,
        registration: { register: fails, rotate: fails, unregister: fails },
        sendTestEvent: fails,
        rejected: throwing,
        stats: fails,
        metrics: Object.assign(new Registry(), { metrics: fails }),
        deadLetters: consumer,
        consumer,
        documents: paths.map(path => ({ path, operationId: path, summary: path, make: throwing })),
      })
      for (const [method, path] of operations) {
        if (status === 503 && !Object.hasOwn(bodies, path)) continue
        const body = method === 'POST' ? JSON.stringify(bodies[path] ?? {}) : undefined
        t.equal((await call(url, method, path, { body })).status, status, path)
      }
    }
  })

  t.same(checker.unseen(), Object.keys(NOT_SEEN), 'nothing is described that was not seen')
})
