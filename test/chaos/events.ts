import { createHash, hash } from 'node:crypto'
import { createRandom } from './random.ts'

/** Makes the event of a place in a room. The same again for the same arguments, so that nobody has to keep it. */
export type EventMaker = (room: number, place: number) => string

const KB = 1024
/** How many of a thousand events have so many more characters, at most. */
const SIZES = [
  { share: 1, least: 300 * KB, most: 600 * KB },
  { share: 5, least: 16 * KB, most: 100 * KB },
  { share: 40, least: 2 * KB, most: 8 * KB },
]
const SMALL = 300
/** None of two halves: a piece of a text of them is a text. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz é世'
const LONGEST = 600 * KB
/** Between the timestamps of a room, in ms: they rise in each room, and repeat among rooms. */
const STEP = 10

/** `from` is the timestamp of the first event of each room, in ms since the epoch. */
export function createEventMaker(seed: number, from: number): EventMaker {
  const random = createRandom(seed, 'text')
  const text = Array.from({ length: 2 * LONGEST }, () => LETTERS[random.int(0, LETTERS.length - 1)]).join('')

  return (room, place) => {
    const digest = createHash('sha256').update(`${seed} ${room} ${place}`).digest()
    const dice = digest.readUInt32LE(0) % 1_000
    const draw = digest.readUInt32LE(4)
    const length = lengthOf(dice, draw)
    const start = digest.readUInt32LE(8) % LONGEST
    // Its number does not survive a parser, nor does its spacing: what comes out must be the text itself.
    return (
      `{"event_type":"message","timestamp":${from + place * STEP}, "room_id":"room-${room}","place":${place},` +
      `"exact":12345678901234567890.10,"é😀":"\\u00e9\\ud83d\\ude00\\n","text":"${text.slice(start, start + length)}"}`
    )
  }
}

function lengthOf(dice: number, draw: number): number {
  let below = 0
  for (const { share, least, most } of SIZES) {
    below += share
    if (dice < below) return least + (draw % (most - least))
  }
  return draw % SMALL
}

/** The id that the event must have in the queue. */
export function idOf(body: string): string {
  return hash('sha256', body)
}
