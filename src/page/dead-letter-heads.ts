import type { DeadLetter, DeadLetters } from '../queue/types.ts'
import type { DeadLetterHead } from './sources.ts'

/** How many the page shows. */
const SHOWN = 20
/** How long they are taken to be the same while their number is, in ms. */
const GOOD_FOR = 15_000

/**
 * Reads the first dead letters for the page, without their events' data. They are read with their data, which may be large, so
 * this is done only when their number has changed, or now and then. Null when they cannot be read.
 */
export function createHeads(
  letters: Pick<DeadLetters, 'dead'>,
  now: () => number,
): (count: number | undefined) => Promise<readonly DeadLetterHead[] | null> {
  let known: { count: number; at: number; heads: readonly DeadLetterHead[] } | undefined
  return async count => {
    if (count === undefined) return null
    if (count === 0) return []
    if (known?.count === count && now() - known.at < GOOD_FOR) return known.heads
    const at = now()
    try {
      const heads = (await letters.dead({ after: 0, limit: SHOWN })).map(head)
      known = { count, at, heads }
      return heads
    } catch {
      return null
    }
  }
}

/** How an event begins, as this service writes it: nothing of what the customer said is looked at. */
const BEGINNING = /^\{"specversion":"1\.0","id":"([0-9a-f]{64})","source":"[^"]*","type":("(?:[^"\\]|\\.)*")/
/** More than a beginning has. */
const LOOKED_AT = 2_048

function head({ event, ...rest }: DeadLetter): DeadLetterHead {
  const [, id, type] = BEGINNING.exec(event.toString('utf8', 0, LOOKED_AT)) ?? []
  return {
    ...rest,
    event: id === undefined || type === undefined ? null : { id, type: String(JSON.parse(type)) },
  }
}
