import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { openConfiguredState } from '../open-state.ts'
import { keptSchema } from '../registration/kept.ts'
import { createSeal } from '../state/seal.ts'
import { createStore } from '../state/store.ts'
import { ok, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

const QUIET = pino({ enabled: false })
const NOTHING = 'nothing is kept yet'

/** Whether the kept state opens, and its record can be decrypted and read. Nothing is changed. */
export async function checkState(config: Config): Promise<Finding> {
  const isFile = config.STATE_URL === 'sqlite:'
  if (isFile && !existsSync(join(config.DATA_DIR, 'state.sqlite'))) return ok(NOTHING)
  try {
    const backend = await openConfiguredState(config, QUIET)
    const seal = createSeal({
      keys: config.STATE_ENCRYPTION_KEY ?? [],
      projectId: config.JELOU_PROJECT_ID,
      location: backend.location,
    })
    // Without the lock nothing is sealed again, as the service does after a change of the key.
    const store = createStore({
      backend: { ...backend, acquire: async () => null },
      seal,
      schema: keptSchema,
    })
    try {
      const kept = await store.load()
      if (kept?.integration === undefined) return ok(`${backend.location} opens; ${NOTHING}`)
      const since = new Date(kept.integration.since).toISOString()
      return ok(`${backend.location} opens; a secret is kept since ${since}`)
    } finally {
      await store.close()
    }
  } catch (error) {
    return wrong(reasonOf(error), 'put it right, or check STATE_URL, STATE_ENCRYPTION_KEY and DATA_DIR')
  }
}
