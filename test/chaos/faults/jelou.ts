import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault as ApiFault, Method } from '../../../src/simulator/faults.ts'
import { post } from '../../conformance/http.ts'
import { chosen, type Faults, type Play } from './fault.ts'

const GARBAGE = ['html', 'empty', 'not-json', 'half', 'broken'] as const
/** Where in a rotation the process is killed. */
const MOMENTS = (['DELETE', 'POST'] as const).flatMap(method =>
  (['onRequest', 'onProcessed'] as const).map(hook => ({ method, hook })),
)
/** A rotation that waits for the lock of another process, or for Jelou, is not waited for for longer, in ms. */
const PATIENCE = 6_000

export const jelouFaults: Faults<
  | 'Jelou: answers 500'
  | 'Jelou: answers 401'
  | 'Jelou: answers garbage'
  | 'Jelou: answers lost'
  | 'secret: rotated'
  | 'secret: rotated, killed at a call'
  | 'secret: integration deleted'
  | 'secret: integration deleted, killed at the create'
> = {
  'Jelou: answers 500': play => whileFaulty(play, { status: 500 }),
  'Jelou: answers 401': play => whileFaulty(play, { status: 401 }),
  'Jelou: answers garbage': play => whileFaulty(play, { body: chosen(play.draw, GARBAGE) }),
  'Jelou: answers lost': play => whileFaulty(play, { when: 'after', cut: true }),
  'secret: rotated': rotate,
  async 'secret: rotated, killed at a call'(play) {
    const { arena, target, draw, hold } = play
    const { method, hook } = chosen(draw, MOMENTS)
    arena.jelou.hooks[hook] = (called: Method) => {
      if (called !== method) return
      delete arena.jelou.hooks[hook]
      target.killNow()
    }
    await rotate(play)
    delete arena.jelou.hooks[hook]
    await sleep(hold)
    await target.up()
  },
  async 'secret: integration deleted'({ arena }) {
    arena.jelou.integrations.delete(arena.jelou.projectId)
  },
  async 'secret: integration deleted, killed at the create'(play) {
    const { arena, target, draw, hold } = play
    const hook = chosen(draw, ['onRequest', 'onProcessed'] as const)
    const { promise, resolve } = Promise.withResolvers<void>()
    arena.jelou.hooks[hook] = (called: Method) => {
      if (called !== 'POST') return
      delete arena.jelou.hooks[hook]
      target.killNow()
      resolve()
    }
    arena.jelou.integrations.delete(arena.jelou.projectId)
    // It finds out when it compares the next time.
    await Promise.race([promise, sleep(PATIENCE)])
    delete arena.jelou.hooks[hook]
    await sleep(hold)
    await target.up()
  },
}

async function whileFaulty({ arena, hold }: Play, fault: ApiFault): Promise<void> {
  arena.jelou.faults.add(fault)
  await sleep(hold)
  arena.jelou.faults.clear()
}

/** Asks for a new secret. Whether that succeeds depends on what else is wrong. */
async function rotate({ target }: Play): Promise<void> {
  const { service } = target
  if (service === undefined) return
  const asked = post(`${service.adminUrl}/registration/rotate`, {}).catch(() => {})
  await Promise.race([asked, sleep(PATIENCE)])
}
