import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { receiveAll, type Received } from './http.ts'
import { SECRET, startLoad, TOKEN, type Load } from './load.ts'
import { run, start, variables, type Variables } from './service.ts'

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
  const directory = t.testdir()
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const environment = variables(directory, {
      DATA_DIR: join(directory, `data-${lane}`),
      JELOU_SIGNING_SECRET: SECRET,
      WEBHOOK_AUTHORIZATION: TOKEN,
      NODE_COMPILE_CACHE: join(directory, 'cache'),
    })
    const load = startLoad(t, ROOMS)
    await killAgainAndAgain(t, load, environment, seeded(seed + lane))
    const last = await start(t, environment)
    load.up(last.webhookUrl)
    await load.end()
    verify(t, load, await receiveAll(last.adminUrl))
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

function verify(t: Test, { ledger, answers }: Load, received: Received[]): void {
  const ids = received.map(({ event }) => String(event['id']))
  const known = new Set(ids)
  const acknowledged = [...ledger].filter(([, sent]) => sent.acknowledged)
  t.comment(`${ledger.size} sent, ${acknowledged.length} acknowledged, ${ids.length} received`, answers)
  t.strictSame(Object.keys(answers).toSorted(), ['200', 'none'], 'nothing is refused, and some are cut off')
  t.equal(ids.length, known.size, 'nothing is there twice')
  const lost = acknowledged.filter(([id]) => !known.has(id))
  t.strictSame(few(lost), [], 'nothing that was acknowledged is lost')
  const altered = received.filter(
    ({ event, raw }) => !raw.includes(`"data":${ledger.get(String(event['id']))?.body}}`),
  )
  t.strictSame(few(altered), [], 'everything is byte for byte what was sent')
  const last = new Map<string, number>()
  const disorder = ids.filter(id => {
    const { room = '', place = 0 } = ledger.get(id) ?? {}
    const before = last.get(room) ?? -1
    last.set(room, place)
    return place <= before
  })
  t.strictSame(few(disorder), [], "each room's events come in the order in which they were sent")
}

/** Enough of a long list to see what is wrong. */
function few<T>(list: T[]): T[] {
  return list.slice(0, 3)
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
