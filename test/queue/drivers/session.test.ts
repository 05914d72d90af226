import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { createSessions, type Lose } from '../../../src/queue/drivers/session.ts'
import { eventually } from '../fixtures/faults.ts'

function tracked(open: (attempt: number, signal: AbortSignal) => Promise<number>) {
  const logged: string[] = []
  const ended: number[] = []
  const loses: Lose[] = []
  let attempts = 0
  const note = (_: object, message: string) => void logged.push(message)
  const sessions = createSessions<number>({
    name: 'The broker',
    open(signal, lose) {
      loses.push(lose)
      return open(++attempts, signal)
    },
    end: session => void ended.push(session),
    log: { info: note, warn: note, error: note },
  })
  /** Tells that the session of the nth try is lost, from 1. */
  const lose = (attempt: number, error: Error) => loses[attempt - 1]?.(error)
  return { sessions, lose, logged, ended, attempts: () => attempts }
}

const nothing = async () => {}

void t.test('one session, whoever asks for it', async t => {
  const { sessions, ended, attempts } = tracked(async attempt => attempt)
  t.match(sessions.health(), { ok: false, reason: /not connected/ })
  t.throws(() => sessions.current(), { code: 'ERR_QUEUE_UNAVAILABLE' })
  await Promise.all([sessions.connect(), sessions.connect()])
  await sessions.connect()
  t.same([sessions.current(), attempts(), sessions.health()], [1, 1, { ok: true }])
  await sessions.close(nothing)
  await sessions.close(nothing)
  t.same(ended, [1])
  t.throws(() => sessions.current(), { code: 'ERR_QUEUE_UNAVAILABLE', message: /closed/ })
  await sessions.connect()
  t.equal(sessions.current(), 2, 'may be opened again')
  await sessions.close(nothing)
})

void t.test('a failure is told, and may be tried again', async t => {
  const { sessions } = tracked(async attempt => {
    if (attempt === 1) throw new Error('no such queue')
    return attempt
  })
  await t.rejects(sessions.connect(), { message: 'no such queue' })
  t.match(sessions.health(), { reason: 'no such queue' })
  await sessions.connect()
  await sessions.close(nothing)
})

void t.test('what is lost is opened again, until it works', async t => {
  const { sessions, lose, ended, logged } = tracked(async attempt => {
    if (attempt === 2) throw new Error('still away')
    return attempt
  })
  await sessions.connect()
  lose(1, new Error('away'))
  lose(1, new Error('told twice'))
  t.match(sessions.health(), { reason: 'away' })
  await eventually(async () => sessions.current())
  t.same([sessions.current(), ended], [3, [1]])
  await turn()
  lose(1, new Error('told late, by what was on its way in the session that was lost'))
  lose(2, new Error('told by a session that never was'))
  t.equal(sessions.current(), 3)
  t.same(logged, ['The broker is away', 'The broker is back'])
  await sessions.close(nothing)
})

void t.test('closing ends the search for a session', async t => {
  const { sessions, lose, attempts } = tracked(async attempt => attempt)
  await sessions.connect()
  lose(1, new Error('away'))
  await sessions.close(nothing)
  t.equal(attempts(), 1)
})

void t.test('a session that opens after all is closed is ended', async t => {
  const { sessions, ended } = tracked(async (attempt, signal) => {
    while (!signal.aborted) await turn()
    return attempt
  })
  const connecting = t.rejects(sessions.connect(), { message: /closed/ })
  await sessions.close(nothing)
  await connecting
  t.same(ended, [1])
})

void t.test('a failure after all is closed is that it is closed', async t => {
  const { sessions } = tracked(async (_, signal) => {
    while (!signal.aborted) await turn()
    throw new Error('cut')
  })
  const connecting = t.rejects(sessions.connect(), { message: /closed/ })
  await sessions.close(nothing)
  await connecting
})
