import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../../conformance/service.ts'
import type { Faults, Play } from './fault.ts'

/** A start takes about so long, in ms. */
const START = 800

export const serviceFaults: Faults<
  'service: kill -9' | 'service: kill -9 while it starts' | 'service: SIGTERM' | 'service: SIGSTOP'
> = {
  async 'service: kill -9'({ target, hold }) {
    await target.down('SIGKILL')
    await sleep(hold)
    await target.up()
  },
  async 'service: kill -9 while it starts'({ target, hold, draw }) {
    await target.down('SIGKILL')
    const starting = run(target.owner, target.environment)
    await sleep(draw * START)
    starting.signal('SIGKILL')
    await starting.exited
    await sleep(hold)
    await target.up()
  },
  async 'service: SIGTERM'(play) {
    await terminate(play)
    await sleep(play.hold)
    await play.target.up()
  },
  async 'service: SIGSTOP'({ target, hold }) {
    target.signal('SIGSTOP')
    await sleep(hold)
    target.signal('SIGCONT')
  },
}

/** SIGTERM, after which it must end by itself in its time and with status 0. */
export async function terminate({ target, violated }: Play): Promise<void> {
  const begun = performance.now()
  const status = await target.down('SIGTERM')
  const took = Math.round(performance.now() - begun)
  if (status !== 0 && status !== undefined)
    violated('ended badly', `SIGTERM: exit status ${status} after ${took} ms`)
}
