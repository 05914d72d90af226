import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t from 'tap'
import { holds } from '../../fixtures/property.ts'
import { action, use } from './fixtures/queue-actions.ts'
import { QueuePlayer } from './fixtures/queue-player.ts'

// By hand: FC_RUNS=5000 node test/queue/drivers/sqlite.property.test.ts
void t.test(
  'the embedded queue does what lists would do, through restarts, crashes and changes of its use',
  t =>
    holds(
      t,
      fc.asyncProperty(
        use,
        fc.array(action, { minLength: 5, maxLength: 60, size: 'max' }),
        async (as, actions) => {
          const directory = mkdtempSync(join(tmpdir(), 'queue-model-'))
          const player = new QueuePlayer(join(directory, 'queue.db'))
          try {
            await player.open(as)
            for (const one of actions) await player.play(one)
            await player.empty()
          } finally {
            await player.close()
            rmSync(directory, { recursive: true })
          }
        },
      ),
    ),
)
