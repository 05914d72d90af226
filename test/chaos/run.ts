import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasClock } from './clock.ts'
import { commit, machine, versions } from './machine.ts'
import { HELP, optionsOf, type RunOptions } from './options.ts'
import { createLifetime, type Lifetime } from './owner.ts'
import { play, type Outcome, type PlayOptions } from './play.ts'
import { ENGINES } from './queues/engines.ts'
import { faultsOf, lineOf, reportOf, tableOf, withReport } from './report.ts'
import { plan, type DriverName, type Scene } from './schedule.ts'
import { assertVolumes } from './volume.ts'

/** What is known of the whole run. `report` prints a check as TAP; what this machine cannot do fails where all is required. */
type Run = {
  options: RunOptions
  can: { volumes: boolean; clock: boolean }
  folder: string
  whole: Lifetime
  check: (name: string, isGood: boolean, skipped?: string) => void
}

/** Status 0 when nothing was violated, 1 when something was, 2 for a command line that is none. */
async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2), () => randomInt(2 ** 31))
  if (options === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const command = `npm run chaos -- ${options.again}`
  console.log(`# seed ${options.seed}; once more: ${command}`)
  const folder = await mkdtemp(join(tmpdir(), 'jelou-receiver-chaos-'))
  const whole = createLifetime()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void whole.end().finally(() => process.exit(1)))

  let [count, failed] = [0, 0]
  function check(name: string, isGood: boolean, skipped?: string): void {
    if (!isGood) failed++
    console.log(
      `${isGood ? 'ok' : 'not ok'} ${++count} - ${name}${skipped === undefined ? '' : ` # SKIP ${skipped}`}`,
    )
  }

  const run: Run = { options, folder, whole, check, can: abilities(whole, folder, check) }
  const outcomes: Outcome[] = []
  for (const driver of options.drivers) outcomes.push(...(await playDriver(driver, run)))
  console.log(`1..${count}`)
  await whole.end()
  if (outcomes.length > 0) console.log(`\n${faultsOf(outcomes)}\n\n${tableOf(outcomes)}`)
  if (options.report !== undefined) writeReport(options.report, outcomes, { command, seed: options.seed })
  if (failed === 0) await rm(folder, { recursive: true, force: true })
  else console.log(`\nWhat the services wrote where something was violated is in ${folder}`)
  return failed === 0 ? 0 : 1
}

/** What of the machine can be put under faults here. */
function abilities(whole: Lifetime, folder: string, check: Run['check']): Run['can'] {
  const isRequired = process.env['REQUIRE_BROKERS'] === '1'
  let volumes = true
  try {
    assertVolumes(whole, folder)
  } catch (error) {
    volumes = false
    check('faults of the disk', !isRequired, `no disk can be mounted: ${String(error).split('\n')[0]}`)
  }
  const clock = hasClock()
  if (!clock) check('steps of the clock', !isRequired, 'libfaketime is not installed')
  return { volumes, clock }
}

async function playDriver(driver: DriverName, run: Run): Promise<Outcome[]> {
  const { options, can, whole, check } = run
  const scenes = plan({
    seed: options.seed,
    driver,
    events: Math.ceil(options.events / options.drivers.length),
    faults: Math.ceil(options.faults / options.drivers.length),
    pace: options.pace,
    can,
  }).filter(({ number }) => options.scene === undefined || number === options.scene)
  const lifetime = createLifetime(whole)
  const outcomes: Outcome[] = []
  try {
    const engine = driver === 'embedded' ? undefined : ENGINES[driver]
    const server = await engine?.start(lifetime)
    if (server === null) {
      check(driver, process.env['REQUIRE_BROKERS'] !== '1', lifetime.problems.join('; '))
      return []
    }
    for (const scene of scenes) {
      const outcome = await playScene(scene, run, engine && server ? { broker: { engine, server } } : {})
      if (outcome) outcomes.push(outcome)
    }
  } catch (error) {
    check(`${driver}: ${String(error)}`, false)
  } finally {
    await lifetime.end()
  }
  return outcomes
}

async function playScene(
  scene: Scene,
  { folder, can, options, whole, check }: Run,
  broker: Pick<PlayOptions, 'broker'>,
): Promise<Outcome | undefined> {
  const own = await mkdtemp(join(folder, `${scene.driver}-${scene.number}-`))
  const say = (line: string): void => {
    if (options.verbose) console.log(`# ${(performance.now() / 1_000).toFixed(1)} s: ${line}`)
  }
  try {
    const outcome = await play(scene, {
      folder: own,
      cache: join(folder, 'cache'),
      volumes: can.volumes,
      whole,
      say,
      ...broker,
    })
    const { violations } = outcome
    check(lineOf(outcome), violations.length === 0)
    for (const { what, detail } of violations.slice(0, 20)) console.log(`# ${what}: ${detail}`)
    return outcome
  } catch (error) {
    check(
      `${scene.driver}, scene ${scene.number}: ${error instanceof Error ? error.stack : String(error)}`,
      false,
    )
    return undefined
  }
}

function writeReport(
  file: string,
  outcomes: Outcome[],
  { command, seed }: { command: string; seed: number },
): void {
  const date = new Date().toISOString().slice(0, 10)
  const facts = { command, seed, date, commit: commit(), machine: machine(), versions: versions() }
  const document = existsSync(file) ? readFileSync(file, 'utf8') : ''
  writeFileSync(file, withReport(document, reportOf(outcomes, facts)))
}

try {
  const status = await main()
  // All that was started has ended; a client whose broker was killed may keep its socket for ever.
  process.exit(status)
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${HELP}` : error)
  process.exitCode = error instanceof TypeError ? 2 : 1
}
