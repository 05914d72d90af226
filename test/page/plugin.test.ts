import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { History } from '../../src/page/history.ts'
import { serviceStatus } from './data.ts'
import { listen, startPage } from './harness.ts'

t.test('shows the service as a page that loads nothing from elsewhere and may not be framed', async t => {
  const { call, bury, refusals } = await startPage(t)
  await bury(1)
  refusals.push({
    time: '2026-04-14T02:37:58.574Z',
    check: 'ERR_CREDENTIAL_INVALID',
    statusCode: 401,
    headers: ['x-<b>'],
    bodyLength: null,
    source: '<script>alert(1)</script>',
  })
  const { status, headers, text } = await call('GET', '/')
  t.equal(status, 200)
  t.match(headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      /^default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'$/,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
  })
  for (const words of [
    'Ready: events are taken',
    'Registered with Jelou',
    'Missing or wrong credential',
    'the CRM answers 500',
  ])
    t.match(text, words)
  t.notMatch(text, /<script>|<b>|customer/, 'nothing that others wrote is markup, and no event is there')
  t.notMatch(text, / (style|on\w+)=|https?:\/\/(?!hooks\.example)/)
})

t.test('what it loads may be kept for ever, as it is named by its content', async t => {
  const { call } = await startPage(t)
  const { text } = await call('GET', '/')
  const paths = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
  t.equal(paths.length, 3)
  const types: Record<string, string> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }
  for (const path of paths) {
    const { status, headers } = await call('GET', path)
    t.match(
      { status, ...headers },
      {
        status: 200,
        'content-type': `${types[path.split('.').at(-1) ?? '']}; charset=utf-8`,
        'cache-control': /immutable/,
        'x-content-type-options': 'nosniff',
      },
    )
    t.match(path, /^\/assets\/[0-9a-f]{16}\//)
  }
})

t.test('the form sends one dead letter again, or all', async t => {
  const { queue, bury, csrfToken, redrive, call } = await startPage(t)
  await bury(3)
  const csrf = await csrfToken()
  const [first] = await queue.consumer.dead({ after: 0, limit: 1 })
  const one = await redrive({ csrf, seq: String(first?.seq) }, { 'sec-fetch-site': 'same-origin' })
  t.match(one, { status: 303, headers: { location: '/?redriven=1#dead-letters' } })
  t.match(await queue.stats(), { dead: 2, waiting: 1 })
  t.match((await call('GET', '/?redriven=1')).text, 'Sent again: 1.')
  t.match(await redrive({ csrf, seq: '' }), {
    status: 303,
    headers: { location: '/?redriven=2#dead-letters' },
  })
  t.match(await queue.stats(), { dead: 0, waiting: 3 })
  t.match(await redrive({ csrf, seq: '1' }), { headers: { location: '/?redriven=0#dead-letters' } })
  for (const number of ['-1', 'x', '<b>', '1.5'])
    t.notMatch((await call('GET', `/?redriven=${encodeURIComponent(number)}`)).text, 'Sent again', number)
})

t.test('nothing else sends them again', async t => {
  const { url, queue, bury, csrfToken, redrive, call } = await startPage(t)
  await bury(1)
  const csrf = await csrfToken()
  const good = { csrf, seq: '' }
  const json = { 'content-type': 'application/json' }
  const cases = [
    [await redrive({ csrf: `${csrf}x`, seq: '' }), 403, /started anew/],
    [await redrive({ csrf: '', seq: '' }), 403, /started anew/],
    [await redrive({ seq: '' }), 400, /not the form/],
    [await redrive({ csrf }), 400, /not the form/],
    [await redrive({ csrf, seq: 'x' }), 400, /not the form/],
    [await redrive({ csrf, seq: '-1' }), 400, /not the form/],
    [await redrive(good, { 'sec-fetch-site': 'cross-site' }), 403, /web page of another origin/],
    [await redrive(good, { 'sec-fetch-site': 'same-site', origin: url }), 403, /web page of another origin/],
    [await redrive(good, { 'sec-fetch-site': 'none' }), 403, /web page of another origin/],
    [await redrive(good, { origin: 'https://attacker.example' }), 403, /web page of another origin/],
    [await redrive(good, { origin: 'null' }), 403, /web page of another origin/],
    [await redrive(good, { host: 'attacker.example' }), 403, /own address/],
    [await redrive({ ...good, more: 'x'.repeat(2000) }), 413, /too large/],
    [await call('POST', '/redrive', { headers: json, body: JSON.stringify(good) }), 415, /./],
    [await call('POST', '/redrive'), 400, /not the form/],
    [await call('GET', '/redrive'), 404, /./],
  ] as const
  for (const [answer, status, words] of cases) {
    t.match(answer, { status, text: words })
    t.notMatch(answer.text, csrf)
  }
  t.match(await queue.stats(), { dead: 1 })
  t.equal((await redrive(good, { origin: url })).status, 303, 'the origin of the page itself')
})

t.test('listeners get the whole page, then what changes of it', async t => {
  const { url, events } = await startPage(t)
  const listener = await listen(t, url)
  t.match(listener, {
    status: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
  })
  const whole = await listener.next()
  t.strictSame(Object.keys(whole ?? {}), [
    'overview',
    'traffic',
    'registration',
    'queue',
    'dead-letters',
    'refused',
  ])
  events.accepted = 41_337
  const changed = await listener.next()
  t.match(changed, { overview: '41,337' })
  t.notOk(changed && 'registration' in changed)
})

t.test('no page of another site takes the places of those who listen, of which there are few', async t => {
  const { url, call } = await startPage(t)
  for (const site of ['cross-site', 'same-site', 'none'])
    t.equal((await call('GET', '/events', { headers: { 'sec-fetch-site': site } })).status, 403)
  // Over plain HTTP a browser says less, and of an image nothing at all.
  const silent: Record<string, string>[] = [
    {},
    { referer: 'http://elsewhere.example/' },
    { referer: 'no URL' },
    { origin: 'http://elsewhere.example', referer: url },
  ]
  for (const headers of silent) t.equal((await call('GET', '/events', { headers })).status, 403)
  const listening = []
  for (let n = 0; n < 3; n++) listening.push(await listen(t, url, { 'sec-fetch-site': 'same-origin' }))
  for (const headers of [{ referer: `${url}/` }, { origin: url }])
    t.match(await call('GET', '/events', { headers }), { status: 503, text: 'Too many browsers' })
  listening[0]?.leave()
  while ((await listen(t, url)).status !== 200) await sleep(10)
  t.pass('whoever leaves makes room')
})

t.test('closing ends those who listen, at once', async t => {
  const { app, url } = await startPage(t)
  const listener = await listen(t, url)
  await listener.next()
  const closed = once(app.server, 'close')
  const before = performance.now()
  await app.close()
  while ((await listener.next()) !== null);
  await closed
  t.ok(performance.now() - before < 900, 'before anything is cut')
})

t.test('samples how much waits, and leaves a gap where it cannot ask', async t => {
  let time = 1_000_000_000_000
  const { history, publish, queue } = await startPage(t, { sampling: 10 })
  await publish()
  await publish()
  while (!history.samples().some(sample => sample?.waiting === 2)) await sleep(50)
  t.match(await queue.stats(), { waiting: 2 })

  const answers = [serviceStatus({ queue: { driver: 'redis' } }), serviceStatus()]
  const asked: number[] = []
  const other = new History(() => time)
  await startPage(t, {
    sampling: 5,
    history: other,
    async status() {
      asked.push(time)
      const answer = answers.shift()
      if (!answer) throw new Error('no')
      if (answers.length === 0) time += 5_000
      return answer
    },
  })
  while (asked.length < 4) await sleep(10)
  time += 5_000
  t.match(other.samples().slice(-2), [{ waiting: null }, { waiting: 0 }])
})

t.test('a fault of the service is logged, and not told', async t => {
  const { call, url, lines } = await startPage(t, {
    status: async () => {
      throw new Error('a secret reason')
    },
  })
  const { status, headers, text } = await call('GET', '/')
  t.match(
    { status, ...headers },
    { status: 500, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  )
  t.match(text, 'A fault of this service: see its log')
  t.notMatch(text, /a secret reason/)
  t.match(lines, [{ msg: 'the page failed', err: { message: 'a secret reason' } }])
  const listener = await listen(t, url)
  while (!lines.some(({ msg }) => msg === 'the page cannot be rendered')) await sleep(10)
  t.equal(listener.status, 200)
})
