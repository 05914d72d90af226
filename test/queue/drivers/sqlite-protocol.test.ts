import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import {
  callError,
  failureOf,
  isBusy,
  openError,
  type Failure,
} from '../../../src/queue/drivers/sqlite-protocol.ts'

const sqliteError = (errcode: number): Error => Object.assign(new Error('what SQLite said'), { errcode })

void t.test('describes errors', async t => {
  const cases: [error: unknown, expected: Failure][] = [
    [sqliteError(13), { kind: 'full', reason: 'what SQLite said' }],
    [sqliteError(11), { kind: 'corrupt', reason: 'what SQLite said' }],
    [sqliteError(11 | (1 << 8)), { kind: 'corrupt', reason: 'what SQLite said' }],
    [sqliteError(26), { kind: 'corrupt', reason: 'what SQLite said' }],
    [sqliteError(10), { kind: 'unavailable', reason: 'what SQLite said' }],
    [new Error('other'), { kind: 'unavailable', reason: 'other' }],
    [new Error('other', { cause: 'text' }), { kind: 'unavailable', reason: 'other' }],
    [new Error('other', { cause: null }), { kind: 'unavailable', reason: 'other' }],
    ['thrown text', { kind: 'unavailable', reason: 'unknown error' }],
  ]
  for (const [error, expected] of cases) t.same(failureOf(error), expected)
})

void t.test('reads the result code of a real error', async t => {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  database.exec('PRAGMA max_page_count = 1')
  try {
    database.exec('CREATE TABLE one (a); CREATE TABLE two (a)')
    t.fail('should be full')
  } catch (error) {
    t.equal(failureOf(error).kind, 'full')
    t.notOk(isBusy(error))
  }
})

void t.test('makes the errors of a queue that cannot be opened', async t => {
  const cases: [kind: Failure['kind'], code: string][] = [
    ['locked', 'ERR_QUEUE_LOCKED'],
    ['corrupt', 'ERR_QUEUE_CORRUPT'],
    ['full', 'ERR_QUEUE_FULL'],
    ['unavailable', 'ERR_QUEUE_UNAVAILABLE'],
  ]
  for (const [kind, code] of cases) {
    const failure: Failure = { kind, reason: 'why' }
    const error = openError(failure, 'queue.db')
    t.match(error, { code, statusCode: 503 })
    t.equal(failureOf(error), failure, 'and back')
  }
})

void t.test('makes the errors of a call', async t => {
  t.match(callError({ kind: 'full', reason: 'why' }), { code: 'ERR_QUEUE_FULL', message: /why/ })
  t.match(callError({ kind: 'unavailable', reason: 'why' }), {
    code: 'ERR_QUEUE_UNAVAILABLE',
    message: /why/,
  })
  t.match(callError({ kind: 'corrupt', reason: 'why' }), { code: 'ERR_QUEUE_UNAVAILABLE' })
})
