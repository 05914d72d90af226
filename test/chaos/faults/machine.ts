import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../conformance/service.ts'
import { LARGEST_STEP } from '../schedule.ts'
import { chosen, type Faults, type Play } from './fault.ts'
import { terminate } from './service.ts'

const KB = 1024
const MB = 1024 * KB
/** What is left of the disk when it is full: none, a little, and about what the store wants to keep free. */
const LEFT = [0, 4 * KB, 200 * KB, MB, 8 * MB, 40 * MB, 66 * MB]
/** How long a start may take to give up, in ms. */
const LONGEST_START = 20_000

export const machineFaults: Faults<'disk: full' | 'disk: read-only' | 'clock: stepped'> = {
  async 'disk: full'(play) {
    const volume = volumeOf(play)
    volume.fill(chosen(play.draw, LEFT))
    await sleep(play.hold)
    volume.empty()
  },
  async 'disk: read-only'(play) {
    const { target, draw, hold } = play
    const volume = volumeOf(play)
    volume.breakDown()
    await sleep(hold)
    if (draw < 0.5) await target.down('SIGKILL')
    else await terminate(play)
    if (draw < 0.3) {
      volume.remount({ readOnly: true })
      await startsInVain(play)
    }
    volume.remount()
    await target.up()
  },
  async 'clock: stepped'({ arena, draw }) {
    // Mostly by seconds, as when NTP corrects it; sometimes by hours.
    const far = draw < 0.3 ? LARGEST_STEP : 30_000
    arena.clock?.step(Math.round((2 * ((draw * 7) % 1) - 1) * far))
  },
}

function volumeOf({ arena, replica }: Play) {
  const volume = arena.volumes[replica]
  if (volume === undefined) throw new TypeError('the scene has no such disk')
  return volume
}

/** On a disk that cannot be written there is no promise to keep: the start must fail, and say so. */
async function startsInVain({ target, violated }: Play): Promise<void> {
  const starting = run(target.owner, target.environment)
  const status = await Promise.race([starting.exited, sleep(LONGEST_START)])
  if (status !== 1) violated('started in vain', `a start on a read-only disk: ${status ?? 'it goes on'}`)
  starting.signal('SIGKILL')
  await starting.exited
}
