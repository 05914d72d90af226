import { mkdtemp, rm } from 'node:fs/promises'
import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasClock } from './clock.ts'
import { createLifetime } from './owner.ts'
import { play, type Outcome } from './play.ts'
import { ENGINES } from './queues/engines.ts'
import { faultsOf, lineOf, tableOf } from './report.ts'
import { DRIVERS, plan, type DriverName, type PlanOptions } from './schedule.ts'
import { assertVolumes } from './volume.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    driver: { type: 'string', default: 'all' },
    events: { type: 'string', default: '20000' },
    faults: { type: 'string', default: '168' },
    pace: { type: 'string', default: '1800' },
    scene: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
})

const seed = Number(values.seed ?? randomInt(2 ** 31))
const drivers = DRIVERS.filter(name => values.driver === 'all' || values.driver.split(',').includes(name))
const folder = await mkdtemp(join(tmpdir(), 'jelou-receiver-chaos-'))

const lifetime = createLifetime()
let volumes = true
try {
  assertVolumes(lifetime, folder)
} catch (error) {
  volumes = false
  console.log(`# no disk can be mounted: ${String(error)}`)
}
console.log(`# seed ${seed}; again: npm run chaos -- ${process.argv.slice(2).join(' ')}`)
const outcomes: Outcome[] = []
for (const driver of drivers) outcomes.push(...(await playDriver(driver)))
console.log(tableOf(outcomes))
console.log(faultsOf(outcomes))
await lifetime.end()
await rm(folder, { recursive: true, force: true })
process.exitCode = outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0

async function playDriver(driver: DriverName): Promise<Outcome[]> {
  const options: PlanOptions = {
    seed,
    driver,
    events: Number(values.events) / drivers.length,
    faults: Number(values.faults) / drivers.length,
    pace: Number(values.pace),
    can: { volumes, clock: hasClock() },
  }
  const lifetime = createLifetime()
  const outcomes: Outcome[] = []
  try {
    const engine = driver === 'embedded' ? undefined : ENGINES[driver]
    const server = await engine?.start(lifetime)
    if (server === null) throw new Error(lifetime.problems.join())
    for (const scene of plan(options)) {
      if (values.scene !== undefined && scene.number !== Number(values.scene)) continue
      const own = await mkdtemp(join(folder, `${driver}-`))
      const outcome = await play(scene, {
        folder: own,
        cache: join(folder, 'cache'),
        volumes,
        ...(engine && server && { broker: { engine, server } }),
      })
      outcomes.push(outcome)
      console.log(`${outcome.violations.length === 0 ? 'ok' : 'not ok'} - ${lineOf(outcome)}`)
      for (const { what, detail } of outcome.violations.slice(0, 10)) console.log(`  # ${what}: ${detail}`)
    }
  } finally {
    await lifetime.end()
  }
  return outcomes
}
