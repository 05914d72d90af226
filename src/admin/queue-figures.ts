import { z } from 'zod'
import type { QueueStats } from '../queue/types.ts'

const count = z.int().min(0)

/** How full the queue is, as the private listener tells it. */
export const queueFiguresAnswer = z
  .object({
    waiting: count.meta({
      description: 'May be received now, or once the events before them with the same key are acknowledged',
    }),
    leased: count.meta({ description: 'With a consumer' }),
    delayed: count.meta({ description: 'Returned for later' }),
    dead: count.meta({ description: 'Failed too often' }),
    oldestAgeSeconds: z.number().min(0).meta({ description: 'Of the oldest that waits; 0 when none does' }),
    bytes: count.meta({ description: 'On disk' }),
  })
  .meta({ description: 'Counts of the embedded queue, or of the spool before a broker' })

export type QueueFigures = z.infer<typeof queueFiguresAnswer>

export function queueFigures({ oldestAge, ...figures }: QueueStats): QueueFigures {
  return { ...figures, oldestAgeSeconds: oldestAge / 1000 }
}
