import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { receiveAll } from './http.ts'
import { checkLedger } from './ledger.ts'
import { SECRET, startLoad, TOKEN, type Load } from './load.ts'
import { run, start, variables, type Variables } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** Two services at a time, each on its own data, because half of a start is waiting and the machine has two cores. */
const LANES = 2
const KILLS_PER_LANE = 25
const ROOMS = 24
/** In ms. */
const LONGEST_LOAD = 150
const LONGEST_START = 400
const LIMIT = 240_000

t.setTimeout(LIMIT)
t.test('an event answered 200 survives 50 times kill -9 under load', { timeout: LIMIT }, async t => {
  const seed = Number(process.env['KILL_SEED'] ?? randomInt(2 ** 31))
  t.comment(`KILL_SEED=${seed} repeats these moments`)
  const directory = testDirectory(t)
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const environment = variables(directory, {
      DATA_DIR: join(directory, `data-${lane}`),
      JELOU_SIGNING_SECRET: SECRET,
      WEBHOOK_AUTHORIZATION: TOKEN,
      NODE_COMPILE_CACHE: join(directory, 'cache'),
    })
    const load = startLoad(t, { rooms: ROOMS })
    await killAgainAndAgain(t, load, environment, seeded(seed + lane))
    const last = await start(t, environment)
    load.up(last.webhookUrl)
    await load.end()
    const { answers } = load
    t.strictSame(Object.keys(answers).toSorted(), ['200', 'none'], 'nothing is refused, and some are cut off')
    checkLedger(t, load, await receiveAll(last.adminUrl))
  })
  await Promise.all(lanes)
})

async function killAgainAndAgain(
  t: Test,
  load: Load,
  environment: Variables,
  random: () => number,
): Promise<void> {
  for (let kill = 1; kill <= KILLS_PER_LANE; kill++) {
    const service = await start(t, environment)
    load.up(service.webhookUrl)
    await sleep(random() * LONGEST_LOAD)
    load.down()
    service.signal('SIGKILL')
    t.equal(await service.exited, null)
    if (kill % 10 > 0) continue
    // What comes up after a crash may crash on its way.
    const starting = run(t, environment)
    await sleep(random() * LONGEST_START)
    starting.signal('SIGKILL')
    await starting.exited
  }
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
