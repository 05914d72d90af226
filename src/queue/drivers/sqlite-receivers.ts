import { packLeases } from './sqlite-batch.ts'
import type { Leases } from './sqlite-leases.ts'
import type { Answer } from './sqlite-protocol.ts'
import { MAX_ANSWER, type Store } from './sqlite-store.ts'

type Taken = { lease: string; attempts: number; event: Uint8Array }

/** A consumer that waits until `deadline` (ms since the epoch) for up to `max` messages, leased for `lease` ms. */
export type Receiver = { id: number; max: number; lease: number; deadline: number }

/** The consumers that wait for messages, first come first served. */
export class Receivers {
  readonly #store: Store
  readonly #leases: Leases
  #waiting: Receiver[] = []

  constructor(store: Store, leases: Leases) {
    this.#store = store
    this.#leases = leases
  }

  /** When the first of them gives up, in ms since the epoch; Infinity when none waits. */
  get deadline(): number {
    return this.#waiting.reduce((first, { deadline }) => Math.min(first, deadline), Infinity)
  }

  /** Whether one of them waits for a part of the queue that has not been looked at: call {@link serve} soon. */
  get unfinished(): boolean {
    return this.#waiting.length > 0 && this.#leases.unfinished
  }

  add(receiver: Receiver): void {
    this.#waiting.push(receiver)
  }

  /** Ends the wait of one (or of all) with nothing. */
  end(id?: number): Answer[] {
    const ended = this.#waiting.filter(receiver => id === undefined || receiver.id === id)
    this.#waiting = this.#waiting.filter(receiver => !ended.includes(receiver))
    return ended.map(({ id }) => ({ id, value: packLeases([]) }))
  }

  /** Hands out what may be leased now, and ends the waits that are over. */
  serve(now: number): Answer[] {
    const answers: Answer[] = []
    let empty = false
    this.#waiting = this.#waiting.filter(receiver => {
      const messages = empty ? [] : this.#take(receiver)
      empty = messages.length === 0
      // While part of the queue has not been looked at, "nothing" would be a guess.
      if (empty && (receiver.deadline > now || this.#leases.unfinished)) return true
      answers.push({ id: receiver.id, value: packLeases(messages) })
      return false
    })
    return answers
  }

  #take({ max, lease: duration }: Receiver): Taken[] {
    const messages: Taken[] = []
    for (let bytes = 0; messages.length < max && bytes < MAX_ANSWER;) {
      const lease = this.#leases.next(duration)
      if (lease === undefined) break
      const { attempts, body } = this.#store.events.read(lease.seq)
      messages.push({ lease: lease.token, attempts: attempts + 1, event: body })
      bytes += body.length
    }
    return messages
  }
}
