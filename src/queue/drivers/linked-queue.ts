import { QueueUnavailableError } from '../../errors.ts'
import type { BrokerOptions, PublishOutcome, QueueDriver, QueueMessage } from '../types.ts'
import { flights, type Flight } from './flights.ts'
import { reconnectDelay } from './reconnect-delay.ts'

/** A connection to a broker that messages are published by, until it is lost. It is never opened again: another takes its place. */
export type Link = {
  /** Sends the message, in order and without waiting, and settles the flight once the broker has answered. May throw. */
  publish: (message: QueueMessage, flight: Flight) => void
  /** Ends it in good order. */
  close: () => Promise<void>
  /** Cuts it: frees everything, at once. May be called again. */
  destroy: () => void
}

export type LinkEvents = {
  /** Ends the try to open it, with an error of ours as its reason. */
  signal: AbortSignal
  /** How many tries in a row have failed. */
  failures: number
  /** The link is lost. What is in flight fails with this, or with what `errorOf` says of it; undefined: it comes to its own end. */
  onLost: (error: Error, errorOf?: (flight: Flight) => Error | undefined) => void
  /** The broker takes nothing now; undefined when it does again. */
  onBlocked: (error: Error | undefined) => void
}

export type LinkedQueueOptions = Pick<QueueDriver, 'name' | 'deduplicates'> &
  Pick<BrokerOptions, 'timeout' | 'log'> & {
    /** Opens a link, within `timeout`; throws errors of ours. */
    open: (events: LinkEvents) => Promise<Link>
    /** How long a message may wait for its confirmation, in ms; `timeout` when nothing is said. */
    patience?: number
    /** Whether a link notices by itself that it is lost, so that its silence for so long says nothing. */
    watchesItself?: boolean
  }

/** What is sent before the turn is over: one that reads of thousands of connections takes seconds. */
const LARGEST_BATCH = 256

type Sending = { by: Link; message: QueueMessage; flight: Flight }

/**
 * A queue by one link at a time: opened again with pauses whenever it is lost, and given up when nothing was confirmed
 * by it within the patience there is, so that a server which froze is left. What is published in one turn of the event loop is
 * sent together.
 */
export function linkedQueue(options: LinkedQueueOptions): QueueDriver {
  const { name, deduplicates, timeout, log, open, patience = timeout, watchesItself = false } = options
  const inFlight = flights({
    timeout: patience,
    onStall() {
      if (!watchesItself) onLost(new QueueUnavailableError('it does not answer'))
    },
  })
  let link: Link | undefined
  /** The link, while the broker takes messages by it; else `trouble` says why not. */
  let usable: Link | undefined
  let trouble: Error = new QueueUnavailableError('it is not connected')
  let failures = 0
  let opening: Promise<void> | undefined
  let closing: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let attempt: AbortController | undefined
  /** What is to be sent at the end of this turn at the latest. */
  let outbox: Sending[] = []

  function connect(): Promise<void> {
    if (link !== undefined && closing === undefined) return Promise.resolve()
    return (opening ??= connectOnce().finally(() => (opening = undefined)))
  }

  async function connectOnce(): Promise<void> {
    const ending = (attempt = new AbortController())
    await closing
    clearTimeout(retry)
    const late = setTimeout(
      () => ending.abort(new QueueUnavailableError(`no connection within ${timeout} ms`)),
      timeout,
    )
    let opened: Link | undefined
    let broken: Error | undefined
    try {
      opened = await open({
        signal: ending.signal,
        failures,
        onLost(error, errorOf) {
          if (opened === undefined) broken = error
          else if (opened === link) onLost(error, errorOf)
        },
        onBlocked,
      })
      if (broken !== undefined) throw broken
    } catch (error) {
      failures++
      trouble = error as Error
      throw error
    } finally {
      clearTimeout(late)
    }
    usable = link = opened
    log.info({ queue: name }, 'connected to the queue')
  }

  function onLost(error: Error, errorOf: (flight: Flight) => Error | undefined = () => error): void {
    link?.destroy()
    link = usable = undefined
    trouble = error
    failAll(error, errorOf)
    if (closing !== undefined) return
    log.warn({ queue: name, err: error }, 'lost the connection to the queue')
    reconnect()
    failures++
  }

  function reconnect(): void {
    if (closing !== undefined) return
    retry = setTimeout(() => void connect().catch(reconnect), reconnectDelay(failures))
  }

  function onBlocked(error: Error | undefined): void {
    usable = error === undefined ? link : undefined
    if (error === undefined) return
    trouble = error
    failAll(error, () => error)
  }

  function failAll(error: Error, errorOf: (flight: Flight) => Error | undefined): void {
    inFlight.failAll(errorOf)
    // What was not sent comes to no end of its own.
    for (const { flight } of outbox.splice(0)) flight.fail(error)
  }

  async function publish(message: QueueMessage): Promise<PublishOutcome> {
    if (usable === undefined) throw trouble
    const flight = inFlight.begin(message.body.length)
    if (outbox.length === 0) setImmediate(send)
    outbox.push({ by: usable, message, flight })
    if (outbox.length === LARGEST_BATCH) send()
    const outcome = await flight.settled
    failures = 0
    return outcome
  }

  function send(): void {
    const sending = outbox
    outbox = []
    for (const { by, message, flight } of sending)
      try {
        by.publish(message, flight)
      } catch (error) {
        flight.fail(error as Error)
      }
  }

  async function end(): Promise<void> {
    send()
    clearTimeout(retry)
    if (opening !== undefined) {
      attempt?.abort(new QueueUnavailableError('it is closed'))
      await opening.catch(() => {})
    }
    usable = undefined
    trouble = new QueueUnavailableError('it is closed')
    await inFlight.landed()
    await link?.close()
    link = usable = undefined
  }

  return {
    name,
    deduplicates,
    connect,
    publish,
    health: () => (usable === undefined ? { ok: false, reason: trouble.message } : { ok: true }),
    close: () => (closing ??= end().finally(() => (closing = undefined))),
  }
}
