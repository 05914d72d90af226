import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import t from 'tap'
import { holds } from '../fixtures/property.ts'
import { action, settings } from './fixtures/spool-actions.ts'
import { SpoolPlayer } from './fixtures/spool-player.ts'

// By hand: FC_RUNS=2000 TMPDIR=/dev/shm node test/queue/spool.property.test.ts
void t.test('what was answered reaches the queue, in order, and no more often than it must', t =>
  holds(
    t,
    fc.asyncProperty(
      settings,
      fc.array(action, { minLength: 5, maxLength: 80, size: 'max' }),
      async (settings, actions) => {
        const directory = mkdtempSync(join(tmpdir(), 'spool-model-'))
        const player = new SpoolPlayer(join(directory, 'spool.db'), settings)
        try {
          await player.open()
          for (const one of actions) await player.play(one)
          await player.finish()
        } finally {
          await player.close()
          rmSync(directory, { recursive: true })
        }
      },
    ),
    // A history takes long: killed processes, waiting.
    { time: 5_000 },
  ),
)
