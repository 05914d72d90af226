import { setTimeout as sleep } from 'node:timers/promises'
import { QueueUnavailableError } from '../../errors.ts'
import type { DriverLog, QueueHealth } from '../types.ts'
import { reconnectDelay } from './reconnect-delay.ts'

/** A session with a broker that is opened again by itself after it was lost. */
export type Sessions<S> = {
  /** One try, which all who ask meanwhile share; nothing to do while a session is open. */
  connect: () => Promise<void>
  /** The open session; throws why there is none. */
  current: () => S
  health: () => QueueHealth
  /** Takes nothing any more, waits for `rest`, then ends the session. Idempotent. */
  close: (rest: () => Promise<unknown>) => Promise<void>
}

/** Ends a session, which does not work any more, and opens another until one does; once, whatever it is told later. */
export type Lose = (error: Error) => void

/**
 * `open` ends by itself, and at once when the signal tells it to; its errors are shown to who publishes. A session that
 * it opened is given up by its own `lose`.
 */
export function createSessions<S>(options: {
  name: string
  open: (signal: AbortSignal, lose: Lose) => Promise<S>
  end: (session: S, error: Error) => void | Promise<void>
  log: DriverLog
}): Sessions<S> {
  const { name, open, end, log } = options
  let session: S | undefined
  let opening: Promise<void> | undefined
  let closing = new AbortController()
  let problem: Error = new QueueUnavailableError('not connected')

  async function tryToOpen({ signal }: AbortController): Promise<void> {
    let opened: S | undefined
    try {
      opened = await open(signal, error => {
        if (session !== undefined && session === opened) lose(session, error)
      })
      if (!signal.aborted) session = opened
      else await end(opened, problem)
    } catch (error) {
      if (!signal.aborted) problem = error as Error
    }
    if (session === undefined) throw problem
  }

  async function connect(): Promise<void> {
    if (session !== undefined) return
    opening ??= tryToOpen(closing).finally(() => (opening = undefined))
    return opening
  }

  async function reconnect({ signal }: AbortController): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++)
      try {
        await sleep(reconnectDelay(failures), undefined, { signal })
        await connect()
        return log.info({}, `${name} is back`)
      } catch {
        // Health tells why, and so does publishing.
      }
  }

  function lose(lost: S, error: Error): void {
    log.warn({ err: error }, `${name} is away`)
    session = undefined
    problem = error
    void end(lost, error)
    void reconnect(closing)
  }

  return {
    connect,
    current() {
      if (session === undefined) throw problem
      return session
    },
    health: () => (session === undefined ? { ok: false, reason: problem.message } : { ok: true }),
    async close(rest) {
      closing.abort()
      closing = new AbortController()
      problem = new QueueUnavailableError('closed')
      const ending = session
      session = undefined
      await Promise.allSettled([opening, rest()])
      if (ending !== undefined) await end(ending, problem)
    },
  }
}
