import { randomUUID } from 'node:crypto'
import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { unpackKeys } from './sqlite-batch.ts'
import { lockQueue } from './sqlite-files.ts'
import { KeyCounts } from './sqlite-key-counts.ts'
import { Leases } from './sqlite-leases.ts'
import {
  buffersIn,
  eventsIn,
  failureOf,
  isEvents,
  isWrite,
  keysIn,
  workIn,
  type Answer,
  type Command,
  type Failure,
  type Reply,
  type WorkerOptions,
  type Write,
} from './sqlite-protocol.ts'
import { Receivers } from './sqlite-receivers.ts'
import { Space } from './sqlite-space.ts'
import { Store } from './sqlite-store.ts'
import { commit } from './sqlite-writes.ts'

/** Events in one transaction; more would make the first of them wait long. */
const MAX_EVENTS = 4_096
/** Unused pages given back in one step: short enough for an event to wait for. */
const SHRINK_PAGES = 256
/** Events and other commands in one tick that still count as quiet. */
const QUIET = 100

/**
 * What the worker takes from its surroundings. Every `tick` ms the disk is looked at; no timer is trusted for longer,
 * because the clock may be set.
 */
export type Environment = { now: () => number; freeBytes: (directory: string) => number; tick: number }

/** Opens the queue and serves it to the other side of the port, until it is told to close or the store fails. */
export function serveQueue(port: MessagePort, options: WorkerOptions, environment: Environment): void {
  try {
    new Engine(port, options, environment).start()
  } catch (error) {
    port.postMessage({ kind: 'failed', failure: failureOf(error) } satisfies Reply)
    port.close()
  }
}

/** The life of the worker: takes what has come, commits it, answers, and hands messages to those who wait for some. */
class Engine {
  readonly #port: MessagePort
  readonly #now: () => number
  readonly #tickLength: number
  readonly #unlock: () => void
  readonly #space: Space
  readonly #store: Store
  readonly #leases: Leases
  readonly #receivers: Receivers
  readonly #keyCounts: KeyCounts | undefined
  #refusing: string | undefined
  #ticker: NodeJS.Timeout | undefined
  #alarm: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined
  #shrinking: NodeJS.Immediate | undefined
  #busy = 0

  constructor(port: MessagePort, options: WorkerOptions, { now, freeBytes, tick }: Environment) {
    this.#port = port
    this.#now = now
    this.#tickLength = tick
    this.#unlock = lockQueue(options.file)
    this.#space = new Space({ ...options, freeBytes })
    try {
      this.#store = openStore(options, this.#space)
    } catch (error) {
      this.#unlock()
      throw error
    }
    this.#leases = new Leases(this.#store.events, { now, newToken: randomUUID })
    this.#receivers = new Receivers(this.#store, this.#leases)
    this.#keyCounts = options.keyCounts && new KeyCounts(options.keyCounts, this.#store.events)
  }

  start(): void {
    this.#space.recover()
    this.#reportRefusal()
    this.#post({ kind: 'opened' })
    this.#ticker = setInterval(() => this.#tick(), this.#tickLength)
    this.#port.on('message', (first: Command) => this.#turn(this.#drain(first)))
    this.#schedule()
  }

  /** Everything that has come meanwhile belongs to the same transaction: group commit without a timer. */
  #drain(first: Command): Command[] {
    const commands = [first]
    for (let events = eventsIn(first); events < MAX_EVENTS;) {
      const next: { message: Command } | undefined = receiveMessageOnPort(this.#port)
      if (next === undefined) break
      commands.push(next.message)
      events += eventsIn(next.message)
    }
    return commands
  }

  #turn(commands: readonly Command[]): void {
    for (const command of commands) this.#busy += workIn(command)
    try {
      for (const key of commands.flatMap(keysIn)) this.#store.seen.note(key, this.#now())
      const answers = this.#commit(commands.filter(isWrite))
      for (const command of commands) if (!isWrite(command)) answers.push(...this.#run(command))
      answers.push(...this.#receivers.serve(this.#now()))
      this.#keyCounts?.advance()
      if (answers.length > 0) this.#post({ kind: 'answers', answers }, buffersIn(answers))
      this.#reportRefusal()
      if (commands.some(({ kind }) => kind === 'close')) this.#end()
      else this.#schedule()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Commits the writes. Room that is short goes to acknowledgements, which make some: events are refused first. */
  #commit(writes: readonly Write[]): Answer[] {
    const events = writes.filter(isEvents)
    if (events.length > 0) this.#space.check()
    const refused = this.#space.failure
    if (refused !== undefined) this.#store.seen.forgetNoted()
    if (refused !== undefined && events.length > 0)
      return [...refuse(events, refused), ...this.#commit(writes.filter(write => !isEvents(write)))]
    try {
      return commit(writes, this.#store, this.#leases, this.#now(), this.#keyCounts)
    } catch (error) {
      const failure = failureOf(error)
      if (failure.kind !== 'full') throw error
      this.#space.full(failure)
      const isRoom = events.length > 0 || this.#store.seen.forgetNoted() || this.#space.giveUpBallast()
      return isRoom ? this.#commit(writes) : refuse(writes, failure)
    }
  }

  #run(command: Exclude<Command, Write>): Answer[] {
    switch (command.kind) {
      case 'receive':
        this.#receivers.add({ ...command, deadline: this.#now() + command.wait })
        return []
      case 'cancel':
        return this.#receivers.end(command.id)
      case 'close':
        return this.#receivers.end()
      case 'remember':
        return []
      case 'take':
        return [{ id: command.id, value: this.#store.events.take(command) }]
      case 'seen':
        return [{ id: command.id, value: this.#store.seen.among(unpackKeys(command.keys)) }]
      case 'newest':
        return [{ id: command.id, value: this.#store.seen.newest() }]
      case 'dead':
        return [{ id: command.id, value: this.#store.dead(command.after, command.limit) }]
      case 'stats':
        return [{ id: command.id, value: this.#store.stats(this.#now(), this.#leases.leased) }]
    }
  }

  /** Wakes when a lease, a delay or a wait is over. While the disk is full the ticks have to do. */
  #schedule(): void {
    clearTimeout(this.#alarm)
    clearImmediate(this.#soon)
    if (this.#receivers.unfinished || this.#keyCounts?.unfinished)
      this.#soon = setImmediate(() => this.#turn([]))
    const due = this.#space.failure === undefined ? this.#leases.nextDue : undefined
    const next = Math.min(due ?? Infinity, this.#receivers.deadline)
    const delay = Math.min(Math.max(next - this.#now(), 0), this.#tickLength)
    if (next < Infinity) this.#alarm = setTimeout(() => this.#turn([]), delay)
  }

  #tick(): void {
    this.#space.recover()
    clearImmediate(this.#shrinking)
    this.#shrinkSoon()
    this.#busy = 0
    this.#turn([])
  }

  /**
   * Gives disk space back while it is quiet, in steps between which events get their turn. On a full disk it is always
   * time: it may be this queue that has filled it, and the write-ahead log is emptied while there is room to do it.
   */
  #shrinkSoon(): void {
    if (this.#busy < QUIET || this.#space.failure !== undefined)
      this.#shrinking = setImmediate(() => this.#shrink())
  }

  #shrink(): void {
    try {
      if (this.#store.shrink(SHRINK_PAGES)) this.#shrinkSoon()
    } catch (error) {
      if (failureOf(error).kind === 'full') this.#space.giveUpBallast()
      else this.#fail(error)
    }
  }

  #reportRefusal(): void {
    const { failure } = this.#space
    if (failure?.reason === this.#refusing) return
    this.#refusing = failure?.reason
    this.#post({ kind: 'refusing', failure })
  }

  #post(reply: Reply, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(reply, transfer)
  }

  #fail(error: unknown): void {
    this.#post({ kind: 'failed', failure: failureOf(error) })
    this.#close()
  }

  /** Saves what is known in memory alone, and ends. */
  #end(): void {
    this.#store.transaction(this.#now(), () => this.#store.events.deleteSettled())
    this.#close()
  }

  #close(): void {
    clearInterval(this.#ticker)
    clearTimeout(this.#alarm)
    clearImmediate(this.#soon)
    clearImmediate(this.#shrinking)
    this.#port.close()
    this.#store.close()
    this.#unlock()
  }
}

/** Opens the store, with the ballast's room if there is none: SQLite needs some to read its log after a crash. */
function openStore(options: WorkerOptions, space: Space): Store {
  space.makeRoomToOpen()
  try {
    return new Store(options)
  } catch (error) {
    if (failureOf(error).kind === 'corrupt' || !space.giveUpBallast()) throw error
    return new Store(options)
  }
}

function refuse(writes: readonly Write[], failure: Failure): Answer[] {
  return writes.map(({ id }) => ({ id, failure }))
}
