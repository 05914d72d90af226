/** An event by its place among those of its room. */
export type Place = { room: number; place: number }

/** What is known of one event, as bits. */
const SENT = 1
const ACKNOWLEDGED = 2
const DELIVERED = 4
/** More than one replica was asked to take it: where it stands among those of either is open. */
const SPLIT = 8
/** Above these bits: which replica was asked, from 1. */
const REPLICA = 4
const FIRST_SIZE = 256

/**
 * What was sent, what was acknowledged and what came out of the queue: one byte for each event. What was not acknowledged may
 * come out or not, at any time.
 */
export class Ledger {
  readonly #rooms: Uint8Array[]
  /** How many events of each room were sent. */
  readonly #lengths: number[]
  /** The last place of each room that came out, for each replica that took it. */
  readonly #last = new Map<string, number>()
  #acknowledged = 0
  #sent = 0

  constructor(rooms: number) {
    this.#rooms = Array.from({ length: rooms }, () => new Uint8Array(FIRST_SIZE))
    this.#lengths = Array.from({ length: rooms }, () => 0)
  }

  get sent(): number {
    return this.#sent
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Begins the next event of a room; its place. */
  begin(room: number): number {
    const place = this.#lengths[room] ?? 0
    this.#lengths[room] = place + 1
    const flags = this.#flagsOf(room)
    if (place >= flags.length) {
      const longer = new Uint8Array(2 * flags.length)
      longer.set(flags)
      this.#rooms[room] = longer
    }
    this.#set({ room, place }, SENT)
    this.#sent++
    return place
  }

  /** A replica was asked to take it, by its number from 0; undefined when nobody knows which. */
  asked(event: Place, replica: number | undefined): void {
    const before = this.#get(event) >> REPLICA
    if (replica === undefined || (before !== 0 && before !== replica + 1)) this.#set(event, SPLIT)
    else this.#set(event, (replica + 1) << REPLICA)
  }

  /** It was answered 2xx: from now on it is owed. */
  acknowledge(event: Place): void {
    if ((this.#get(event) & ACKNOWLEDGED) === 0) this.#acknowledged++
    this.#set(event, ACKNOWLEDGED)
  }

  /**
   * It came out of the queue. `unknown`: it was never sent; `repeated`: it had come before; `disordered`: a later event of its
   * room, which the same replica took, came before it. Only what was acknowledged, and by one replica, has an order.
   */
  deliver(event: Place): 'first' | 'repeated' | 'disordered' | 'unknown' {
    const flags = this.#get(event)
    if ((flags & SENT) === 0) return 'unknown'
    if ((flags & DELIVERED) !== 0) return 'repeated'
    this.#set(event, DELIVERED)
    if ((flags & ACKNOWLEDGED) === 0 || (flags & SPLIT) !== 0) return 'first'
    const key = `${event.room} ${flags >> REPLICA}`
    const last = this.#last.get(key) ?? -1
    this.#last.set(key, Math.max(last, event.place))
    return event.place > last ? 'first' : 'disordered'
  }

  /** What was acknowledged and has not come out. */
  missing(): Place[] {
    return this.#lengths.flatMap((length, room) =>
      Array.from({ length }, (_, place) => ({ room, place })).filter(
        event => (this.#get(event) & (ACKNOWLEDGED | DELIVERED)) === ACKNOWLEDGED,
      ),
    )
  }

  #flagsOf(room: number): Uint8Array {
    const flags = this.#rooms[room]
    if (flags === undefined) throw new RangeError(`no room ${room}`)
    return flags
  }

  #get({ room, place }: Place): number {
    return this.#rooms[room]?.[place] ?? 0
  }

  #set({ room, place }: Place, flags: number): void {
    const all = this.#flagsOf(room)
    all[place] = (all[place] ?? 0) | flags
  }
}
