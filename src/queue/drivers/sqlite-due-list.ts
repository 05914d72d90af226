/** Something that is due at a time (ms since the epoch); `seq` tells apart what is due at the same time. */
export type Due = { until: number; seq: number }

/**
 * Items in the order in which they fall due. Neither `until` nor `seq` may change while an item is in the list.
 * Adding and removing are binary searches: leases mostly have one length, so that they are added at the end and
 * removed near the front.
 */
export class DueList<T extends Due> {
  readonly #items: T[] = []

  get first(): T | undefined {
    return this.#items[0]
  }

  /** What is due at `now`, earliest first. It stays in the list. */
  due(now: number): T[] {
    return this.#items.slice(0, this.#position(now, Infinity))
  }

  add(item: T): void {
    this.#items.splice(this.#position(item.until, item.seq), 0, item)
  }

  remove(item: T): void {
    this.#items.splice(this.#position(item.until, item.seq), 1)
  }

  /** The index of the first item that is not before (until, seq). */
  #position(until: number, seq: number): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const item = this.#items[middle]
      if (item !== undefined && (item.until < until || (item.until === until && item.seq < seq)))
        low = middle + 1
      else high = middle
    }
    return low
  }
}
