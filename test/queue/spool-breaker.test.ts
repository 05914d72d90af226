import t from 'tap'
import { QueueFullError, QueueRefusedError, QueueUnavailableError } from '../../src/errors.ts'
import { Breaker, reasonOf } from '../../src/queue/spool-breaker.ts'
import type { QueueHealth } from '../../src/queue/types.ts'
import { noted } from './fixtures/spool.ts'

const AWAY = new QueueUnavailableError('gone')

function make() {
  const clock = { now: 1_000, random: 0 }
  const queue = { health: { ok: true } as QueueHealth }
  const log = noted()
  const breaker = new Breaker({
    driver: { name: 'test', health: () => queue.health },
    pauses: { first: 100, most: 500 },
    log: log.log,
    now: () => clock.now,
    random: () => clock.random,
  })
  return { breaker, clock, queue, log }
}

void t.test('opens after failures in a row', async t => {
  const { breaker, log } = make()
  for (let failures = 0; failures < 4; failures++) breaker.failed(AWAY)
  breaker.succeeded()
  for (let failures = 0; failures < 4; failures++) breaker.failed(AWAY)
  t.ok(breaker.admits())
  t.equal(breaker.state, 'closed')
  breaker.failed(AWAY)
  t.equal(breaker.state, 'open')
  t.notOk(breaker.admits())
  t.match(breaker, { reason: /gone/, since: 1_000 })
  breaker.failed(AWAY)
  breaker.trip(AWAY)
  t.equal(log.lines.length, 1)
})

void t.test('opens at once when there is no doubt', async t => {
  for (const error of [new QueueRefusedError('wrong password'), new QueueFullError('full')]) {
    const { breaker } = make()
    breaker.failed(error)
    t.equal(breaker.state, 'open', error.code)
  }
  const { breaker, queue } = make()
  queue.health = { ok: false, reason: 'disconnected' }
  breaker.failed(AWAY)
  t.equal(breaker.state, 'open')
})

void t.test('lets one try at a time once the pause is over', async t => {
  const { breaker, clock, log } = make()
  breaker.trip(AWAY)
  breaker.retry()
  t.match(breaker, { state: 'half-open', probing: true })
  t.notOk(breaker.admits(), 'the caller tries')
  breaker.undecided()
  t.ok(breaker.admits())
  t.notOk(breaker.admits())
  clock.now += 50
  breaker.failed(AWAY)
  t.match(breaker, { state: 'open', since: 1_000 }, 'one failure is enough')
  breaker.retry()
  breaker.succeeded()
  t.match(breaker, { state: 'closed', reason: null, since: null, probing: false })
  t.same(
    log.lines.map(({ level }) => level),
    ['warn', 'info'],
  )
})

void t.test('pauses longer each time, by chance, up to the most', async t => {
  const { breaker, clock } = make()
  const pauses: [least: number, most: number][] = []
  breaker.trip(AWAY)
  for (let tries = 0; tries < 5; tries++) {
    clock.random = 0
    const least = breaker.pause
    clock.random = 1
    pauses.push([least, breaker.pause])
    breaker.retry()
    breaker.failed(AWAY)
  }
  t.same(pauses, [
    [50, 100],
    [100, 200],
    [200, 400],
    [250, 500],
    [250, 500],
  ])
  breaker.succeeded()
  breaker.trip(new QueueRefusedError('no'))
  t.equal(breaker.pause, 500, 'at once when somebody has to put something right')
})

void t.test('says what is new', async t => {
  const { breaker, log } = make()
  for (const error of [AWAY, AWAY, new QueueRefusedError('no'), new QueueRefusedError('no'), AWAY]) {
    breaker.trip(error)
    breaker.retry()
  }
  t.same(
    log.lines.map(({ level }) => level),
    ['warn', 'error', 'warn'],
  )
})

void t.test('shows only messages of which is known that they hold no secret', async t => {
  t.equal(reasonOf(AWAY), AWAY.message)
  t.equal(
    reasonOf(Object.assign(new TypeError('amqp://user:secret@host'), { code: 'EBAD' })),
    'unexpected TypeError EBAD',
  )
  t.equal(reasonOf(new Error('secret')), 'unexpected Error')
  t.equal(reasonOf('secret'), 'unknown error')
})
