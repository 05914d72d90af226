import { DueList } from './sqlite-due-list.ts'

/** What leasing needs to know of a stored message. */
export type Row = { seq: number; key: string; notBefore: number }

/** Where the messages are. Both give them in the order of `seq`. */
export type RowSource = {
  /** Messages behind `after`. */
  scan(after: number, limit: number): Row[]
  /** The messages of one key, `from` and `upTo` included. */
  ofKey(key: string, from: number, upTo: number, limit: number): number[]
}

/** A message that is out with a consumer; `token` names the lease. */
export type Lease = { seq: number; token: string }

/**
 * The first unfinished message of a key. While it is ready (may be leased), leased or delayed, the key's later
 * messages wait: `parked` holds the next of them, and what did not fit begins at `rest`.
 */
type Head = {
  readonly key: string
  seq: number
  state: 'ready' | 'leased' | 'delayed'
  token: string
  until: number
  parked: number[]
  rest: number
}

export type LeaseLimits = {
  /** Keys that may be leased or delayed at a time; at the limit no other key is begun. */
  keys: number
  /** Waiting messages remembered behind the head of one key, and of all keys. */
  parkedPerKey: number
  parked: number
  /** Messages looked at in one call of {@link Leases.next}. */
  scanned: number
}

const LIMITS: LeaseLimits = { keys: 100_000, parkedPerKey: 1_024, parked: 1_000_000, scanned: 10_000 }
const CHUNK = 256
const NONE = Infinity

/**
 * Who may have which message: per key one at a time, in order, for as long as a lease lasts. Only memory: the caller
 * stores what comes of a lease. One pass over the queue finds the messages; those whose key is taken are remembered
 * with it, so that a taken key holds up nothing but itself.
 */
export class Leases {
  readonly #source: RowSource
  readonly #now: () => number
  readonly #newToken: () => string
  readonly #limits: LeaseLimits
  readonly #heads = new Map<string, Head>()
  readonly #leased = new Map<string, Head>()
  readonly #due = new DueList<Head>()
  readonly #ready: Head[] = []
  #found: Row[] = []
  #cursor = 0
  #parked = 0
  #unfinished = false

  constructor(
    source: RowSource,
    { now, newToken, limits }: { now: () => number; newToken: () => string; limits?: Partial<LeaseLimits> },
  ) {
    this.#source = source
    this.#now = now
    this.#newToken = newToken
    this.#limits = { ...LIMITS, ...limits }
  }

  /** Whether the last {@link next} stopped before it had looked at everything: ask again soon. */
  get unfinished(): boolean {
    return this.#unfinished
  }

  /** The messages that are leased now. */
  get leased(): ReadonlySet<number> {
    return new Set(this.#leased.values().map(head => head.seq))
  }

  /** When the next lease or delay runs out, in ms since the epoch. */
  get nextDue(): number | undefined {
    return this.#due.first?.until
  }

  /** Leases the next message for `duration` ms; undefined when none is free. */
  next(duration: number): Lease | undefined {
    this.#unfinished = false
    const head = this.#ready.shift() ?? this.#scan()
    if (head === undefined) return undefined
    head.state = 'leased'
    head.token = this.#newToken()
    head.until = this.#now() + duration
    this.#leased.set(head.token, head)
    this.#due.add(head)
    return { seq: head.seq, token: head.token }
  }

  /** The message of a lease that has neither been settled nor been taken back. */
  find(token: string): number | undefined {
    return this.#leased.get(token)?.seq
  }

  /** Lets messages whose delay is over be leased again, and tells which leases have run out (they still count). */
  expire(): Lease[] {
    const due = this.#due.due(this.#now())
    for (const head of due)
      if (head.state === 'delayed') {
        this.#due.remove(head)
        head.state = 'ready'
        this.#ready.push(head)
      }
    return due.filter(head => head.state === 'leased').map(({ seq, token }) => ({ seq, token }))
  }

  /** Ends a lease: its message is gone for good, the next one of its key may be leased. */
  finish(token: string): void {
    const head = this.#end(token)
    const seq = head.parked.shift() ?? this.#refill(head)
    if (seq === undefined) {
      this.#heads.delete(head.key)
    } else {
      this.#parked--
      head.seq = seq
      this.#ready.push(head)
    }
  }

  /** Ends a lease: its message may be leased again from `notBefore` on (ms since the epoch). */
  giveBack(token: string, notBefore: number): void {
    this.#offer(this.#end(token), notBefore)
  }

  /** The lease of a token that {@link find} knows. */
  #end(token: string): Head {
    const head = this.#leased.get(token)
    if (head === undefined) throw new TypeError('No such lease')
    this.#leased.delete(token)
    this.#due.remove(head)
    return head
  }

  #offer(head: Head, notBefore: number): void {
    if (notBefore > this.#now()) {
      head.state = 'delayed'
      head.until = notBefore
      this.#due.add(head)
    } else {
      head.state = 'ready'
      this.#ready.push(head)
    }
  }

  /** The next message that can be leased, found by going on through the queue. */
  #scan(): Head | undefined {
    for (let scanned = 0; this.#heads.size < this.#limits.keys; scanned++) {
      const row = scanned < this.#limits.scanned ? this.#nextRow() : undefined
      if (row === undefined) {
        this.#unfinished = scanned === this.#limits.scanned
        return undefined
      }
      const { key, seq, notBefore } = row
      const head = this.#heads.get(key)
      if (head !== undefined) this.#park(head, seq)
      else {
        const head: Head = { key, seq, state: 'ready', token: '', until: 0, parked: [], rest: NONE }
        this.#heads.set(key, head)
        if (notBefore <= this.#now()) return head
        this.#offer(head, notBefore)
      }
    }
    return undefined
  }

  #nextRow(): Row | undefined {
    if (this.#found.length === 0) this.#found = this.#source.scan(this.#cursor, CHUNK)
    const row = this.#found.shift()
    if (row !== undefined) this.#cursor = row.seq
    return row
  }

  #park(head: Head, seq: number): void {
    const { parkedPerKey, parked } = this.#limits
    if (head.rest === NONE && head.parked.length < parkedPerKey && this.#parked < parked) {
      head.parked.push(seq)
      this.#parked++
    } else head.rest = Math.min(head.rest, seq)
  }

  /** Reads the messages of a key that were passed but not remembered, and takes the first of them. */
  #refill(head: Head): number | undefined {
    if (head.rest === NONE) return undefined
    const limit = this.#limits.parkedPerKey
    head.parked = this.#source.ofKey(head.key, head.rest, this.#cursor, limit)
    head.rest = head.parked.length < limit ? NONE : Number(head.parked.at(-1)) + 1
    this.#parked += head.parked.length
    return head.parked.shift()
  }
}
