import t from 'tap'
import { fragments, message, page } from '../../src/page/document.ts'
import { History } from '../../src/page/history.ts'
import type { StatusAnswer } from '../../src/admin/status-answer.ts'
import type { PageData } from '../../src/page/sources.ts'
import { deadLetter, pageData, refusal, registration, serviceStatus } from './data.ts'

const ASSETS = { style: '/style.css', script: '/live.js', icon: '/icon.svg' }

/** What somebody reads of a part of the page. */
function read(part: keyof ReturnType<typeof fragments>, more: Partial<PageData>): string {
  const text = fragments(pageData(more))[part].toString()
  return text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ')
}

type Part = keyof ReturnType<typeof fragments>
const of = (status: Partial<StatusAnswer>): Partial<PageData> => ({ status: serviceStatus(status) })
const registered = (more: Partial<StatusAnswer['registration']>) => of({ registration: registration(more) })
const queue = (more: Partial<StatusAnswer['queue']>, check = 'ok') =>
  of({ queue: { driver: 'redis', ...more }, checks: { secret: 'ok', queue: check, draining: 'ok' } })

const cases: [part: Part, data: Partial<PageData>, words: RegExp, not?: RegExp][] = [
  [
    'overview',
    {},
    /● Ready: events are taken ● Signing secret: ok ● Queue: ok ● Shutdown: not under way ○ Up for 2 h 1 min/,
  ],
  [
    'overview',
    of({ status: 'not ready', checks: { secret: 'none', queue: 'full', draining: 'ok' } }),
    /■ Not ready: none; full ■ Signing secret: none ■ Queue: full/,
  ],
  ['overview', of({ checks: { secret: 'ok', other: 'bad' } }), /■ other: bad/],
  ['overview', of({ warnings: { clock: '90 s behind', another: 'x' } }), /▲ Clock: 90 s behind ▲ another: x/],
  [
    'overview',
    of({ events: { accepted: 12345, duplicate: 6, refused: { A: 3, B: 4 } } }),
    /Accepted 12,345 since the start Duplicates 6 since the start Refused 7 since/,
  ],
  ['overview', {}, /Waiting 0 now Dead letters 0 now/],
  ['overview', queue({ breaker: 'open', waiting: 5, dead: 1 }), /In the spool 5 now Dead letters 1 now/],
  ['overview', queue({}), /Waiting unknown now Dead letters unknown now/],

  [
    'registration',
    {},
    /● Registered with Jelou.*https:\/\/hooks.example\/webhook\/jelou.*bearer.*Secret 1 h old Last comparison unchanged Known to be right 2026-04-14 00:00:00 UTC Kept state on this machine/,
    /problem|Older/,
  ],
  [
    'registration',
    registered({ phase: 'starting', secretAgeSeconds: null, lastReconciledAt: null, lastOutcome: null }),
    /▲ Starting/,
    /Secret|comparison|Known/,
  ],
  [
    'registration',
    registered({ phase: 'degraded', lastError: 'status <502>', lastOutcome: 'unavailable' }),
    /▲ Degraded.*Last problem status &#60;502&#62;/,
  ],
  ['registration', registered({ phase: 'conflict' }), /■ Conflict/],
  [
    'registration',
    registered({ phase: 'secret_lost', lastOutcome: 'secret_lost' }),
    /■ Secret lost.*Last comparison secret lost/,
  ],
  ['registration', registered({ phase: 'unregistered' }), /▲ Unregistered/],
  ['registration', registered({ phase: 'static' }), /● Configured secret/],
  [
    'registration',
    registered({ previousSecrets: 2, state: { shared: true, replicas: 3, lastError: 'gone' } }),
    /Older secrets 2 still accepted.*shared by 3 replicas Problem of the kept state gone/,
  ],

  [
    'queue',
    {},
    /sqlite , on this machine State ● Takes events Waiting 0 With a consumer 0 Delayed 0 Dead letters 0 On disk 4 kB/,
    /Oldest|Spooled|Why/,
  ],
  [
    'queue',
    queue({}, 'the disk is full'),
    /■ the disk is full Waiting unknown With a consumer unknown/,
    /On disk/,
  ],
  ['queue', queue({ waiting: 2, oldestAgeSeconds: 61 }), /Waiting 2 Oldest 1 min/],
  ['queue', queue({ waiting: 2 }), /Oldest 0 s/],
  [
    'queue',
    queue({ breaker: 'closed', reason: null, since: null, spooled: 7, drained: 6 }),
    /redis , with a spool before it State ● Events go to the broker.*Spooled since the start 7 Drained since the start 6/,
    /consumer|Delayed|Since/,
  ],
  [
    'queue',
    queue({ breaker: 'open', reason: 'ECONNREFUSED', since: 1 }),
    /▲ The broker is away.*Why ECONNREFUSED Since 1970-01-01 00:00:00 UTC/,
  ],
  ['queue', queue({ breaker: 'half-open' }), /▲ Trying the broker again/],
  ['queue', of({ checks: {} }), /■ unknown/],

  ['refused', {}, /No request was refused since the start/],
  [
    'refused',
    {
      ...of({ events: { accepted: 0, duplicate: 0, refused: { ERR_SIGNATURE_INVALID: 1, FST_ODD: 20 } } }),
      refused: [refusal()],
    },
    /20 FST_ODD 1 Missing or wrong signature The last 1, newest first.* 02:37:58 Missing or wrong signature ERR_SIGNATURE_INVALID 401 203.0.113.7 366 bytes 2 names host, content-type/,
  ],
  [
    'refused',
    { refused: [refusal({ check: 'FST_ODD', bodyLength: null, headers: ['<b>'] })] },
    / FST_ODD 401 203.0.113.7 unknown 1 names &#60;b&#62;/,
  ],
  ['refused', { refused: Array.from({ length: 40 }, () => refusal()) }, /The last 12, /],

  ['dead-letters', {}, /There are no dead letters/],
  ['dead-letters', { dead: null }, /The queue cannot be read now/],
  [
    'dead-letters',
    { dead: [deadLetter()], ...queue({ dead: 1 }) },
    /1, oldest first; times in UTC.* 12 ai.jelou.message 0123456789ab 5 2026-04-14 00:00:00 the CRM answers 500 Redrive number 12 Redrive all/,
    /The first/,
  ],
  [
    'dead-letters',
    { dead: [deadLetter({ event: null, reason: '<b>' })], ...queue({ dead: 900 }) },
    /The first 1 of 900, oldest.* 12 unknown 5.*&#60;b&#62;.*Redrive all 900/,
  ],

  [
    'traffic',
    {},
    /Events per second, last minute 0\/s.*Time to answer an event, last minute no event.*Events that wait, now 0/,
  ],
  ['traffic', queue({}), /Events that wait, now unknown/],
]

t.test('each part says what there is to say', async t => {
  for (const [part, data, words, not] of cases) {
    const text = read(part, data)
    t.match(text, words)
    if (not) t.notMatch(text, not)
  }
})

t.test('the charts and their table have the same numbers', async t => {
  let time = 1_000_000_000_000
  const history = new History(() => time)
  for (let n = 0; n < 60; n++)
    history.observe({ outcome: n % 6 ? 'accepted' : 'duplicate', timeline: { received: 0 }, answered: 10 })
  history.observe({ outcome: 'ERR_QUEUE_FULL', timeline: { received: 0 }, answered: 10 })
  history.waiting(1234)
  time += 10_000
  const { traffic } = fragments(pageData({ history, ...queue({ waiting: 1200 }) }))
  const text = read('traffic', { history, ...queue({ waiting: 1200 }) })
  t.match(text, /Events per second, last minute 5\/s/)
  t.match(text, /5 accepted per second in the last minute, 10 at most/)
  t.match(text, /9\.\d+ ms median, 9\.\d+ ms p99 in the last minute; 9\.\d+ ms p99 at most/)
  t.match(text, /1,200 now, 1,234 at most/)
  t.match(text, / 01:46:40 50 10 1 9\.\d+ ms 9\.\d+ ms 1,234 /)
  t.equal(String(traffic).match(/<svg[^>]+role="img"\s+aria-labelledby/g)?.length, 3)
  time += 60_000
  t.match(read('traffic', { history }), / 50 10 1 9\.\d+ ms 9\.\d+ ms 1,234 | 0 0 0 – – – /)
})

/** The names of the rows of these. */
function ids(refused: PageData['refused']) {
  return [...String(fragments(pageData({ refused })).refused).matchAll(/id="(refused-[^"]+)"/g)].map(
    ([, id]) => id,
  )
}

t.test('requests that were refused within one millisecond keep their own names', async t => {
  const [a, b, c] = [
    refusal({ source: 'a' }),
    refusal({ source: 'b' }),
    refusal({ source: 'c', time: '2026-04-14T02:38:00.000Z' }),
  ]
  const [second, first] = ids([b, a])
  t.not(first, second)
  t.strictSame(ids([c, b, a]).slice(1), [second, first])
})

t.test('the page is whole', async t => {
  const text = page(pageData(), ASSETS, undefined)
  t.match(text, /^<!doctype html>\s*<html lang="en">/)
  t.match(text, /<title>Ready: events are taken - jelou-receiver<\/title>/)
  t.match(text, /<noscript>\s*<meta http-equiv="refresh"/)
  t.notMatch(text, 'Sent again')
  t.match(page(pageData(), ASSETS, 3), /role="status">\s*Sent again: 3\./)
  const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  t.strictSame(ids.length, new Set(ids).size)
  const error = message('<Forbidden>', 'a & b', ASSETS)
  t.match(error, /<h1>&#60;Forbidden&#62;<\/h1>\s*<p>a &#38; b<\/p>/)
  t.notMatch(error, /refresh|<script/, 'it stays as it is')
})
