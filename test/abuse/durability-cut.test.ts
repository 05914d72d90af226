import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { unpackEvents } from '../../src/queue/drivers/sqlite-batch.ts'
import type { StoredEvent } from '../../src/queue/types.ts'
import { bodies, startEngine } from '../queue/drivers/fixtures/engine.ts'
import { numbered, ROOMS } from './fixtures/numbered.ts'
import { type Fate, TracedFolder } from './power-cut.ts'
import { canTrace, parseTrace, tracing, type Call } from './strace.ts'
import { testDirectory } from '../fixtures/directory.ts'

const LOAD = fileURLToPath(new URL('fixtures/durable-load.ts', import.meta.url))
const NAME = 'queue.db'
/** More by hand: `CUTS=5000 TAP_TIMEOUT=0 node test/abuse/durability-cut.test.ts`. */
const CUTS = Number(process.env['CUTS'] ?? 32)
const EVENTS = 600

type Told = { place: number; what: string; numbers: number[] }

t.setTimeout(CUTS > 32 ? 0 : 170_000)
for (const use of ['embedded', 'spool'])
  t.test(`a power cut at any moment loses nothing that was confirmed (${use})`, { timeout: 0 }, async t => {
    if (!canTrace(t)) return
    const directory = realpathSync(testDirectory(t))
    const folder = join(directory, 'data')
    mkdirSync(folder, { mode: 0o700 })
    const calls = await trace(join(folder, NAME), use)
    const told = calls.flatMap(toldBy)
    t.equal(told.filter(({ what }) => what === 'published').length, EVENTS)
    const disk = new TracedFolder(folder, calls)
    const sums = { cuts: 0, events: 0, removed: 0 }
    for (const place of placesIn(calls, folder)) {
      disk.advance(place)
      for (const fate of fates()) {
        const image = join(directory, 'cut')
        disk.cut(image, fate)
        // Nobody syncs the index of the log: it may hold anything.
        writeFileSync(join(image, `${NAME}-shm`), Buffer.alloc(32_768, 0xa5))
        const before = told.filter(one => one.place <= place)
        await check(t, { file: join(image, NAME), use, told: before }, sums)
        rmSync(image, { recursive: true })
      }
    }
    t.ok(sums.cuts >= CUTS)
    t.comment(`${sums.cuts} cuts, ${sums.events} events found again, ${sums.removed} stayed away`)
  })

/** Runs the load, and resolves with what it called. */
async function trace(file: string, use: string): Promise<Call[]> {
  const output = join(file, '..', '..', 'trace')
  const [program, ...args] = [...tracing(output), process.execPath, LOAD, file, use, String(EVENTS)]
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  })
  child.stdout.resume()
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`the load ended with ${String(status)}`)
  return parseTrace(readFileSync(output, 'latin1'))
}

/** What the load said, with when it began to say it. */
function toldBy({ name, texts, begun }: Call): Told[] {
  const [, what = '', numbers = ''] =
    (name === 'write' && /^(\w+)((?: \d+)+)\n$/.exec(String(texts[0]))) || []
  return what === '' ? [] : [{ place: begun, what, numbers: numbers.trim().split(' ').map(Number) }]
}

/** Moments all over the time in which something was written, most of them beside a sync. */
function placesIn(calls: readonly Call[], folder: string): number[] {
  const ours = calls.filter(({ path = '' }) => path.startsWith(folder))
  const syncs = ours
    .filter(({ name }) => name.endsWith('sync'))
    .flatMap(({ begun, ended }) => [begun, ended - 1, ended])
  const any = () => ours[Math.floor(Math.random() * ours.length)]?.ended ?? 0
  const beside = () => syncs[Math.floor(Math.random() * syncs.length)] ?? 0
  const places = Array.from({ length: Math.ceil(CUTS / fates().length) }, (_, index) =>
    index % 3 === 0 ? any() : beside(),
  )
  return places.toSorted((a, b) => a - b)
}

function chance(share: number): () => boolean {
  return () => Math.random() < share
}

/** Nothing that was not synced is there; all of it; some of it. */
function fates(): Fate[] {
  const none = chance(0)
  return [
    { keepsSector: none, keepsName: none },
    { keepsSector: chance(1), keepsName: none },
    { keepsSector: chance(0.5), keepsName: chance(0.5) },
    { keepsSector: chance(0.95), keepsName: chance(0.5) },
  ]
}

/** Opens what the cut has left, and compares it with what was told before. */
async function check(
  t: Test,
  { file, use, told }: { file: string; use: string; told: readonly Told[] },
  sums: { cuts: number; events: number; removed: number },
): Promise<void> {
  const numbersOf = (what: string) => told.filter(one => one.what === what).flatMap(({ numbers }) => numbers)
  const [published, removed] = [numbersOf('published'), numbersOf('removed')]
  const removing = new Set(numbersOf('removing'))
  const gone = new Set(removed)
  const { ask, add, close, reply } = startEngine(t, { file, dedupeWindow: 86_400_000 })
  await reply('opened')
  const events: StoredEvent[] = []
  for (;;) {
    const after = events.at(-1)?.seq ?? 0
    const page = unpackEvents(await ask({ kind: 'take', after, rows: 1_000, bytes: 1e9 }))
    if (page.length === 0) break
    events.push(...page)
  }
  const found = events.map(({ event }): number => JSON.parse(String(event)).data.index)
  const there = new Set(found)
  const expected = published.filter(number => !removing.has(number))
  // A spool may bring back what has others before it that were not removed.
  const firstLeft = found.findIndex(number => !gone.has(number))
  const away = use === 'spool' && firstLeft !== -1 ? found.slice(0, firstLeft) : found
  const wrong = {
    lost: expected.filter(number => !there.has(number)),
    altered: events.filter(({ event }, at) => String(event) !== bodies([numbered(Number(found[at]))])[0])
      .length,
    back: away.filter(number => gone.has(number)),
    twice: found.length - there.size,
    reordered: Array.from({ length: ROOMS }, (_, room) =>
      found.filter(number => number % ROOMS === room),
    ).filter(list => list.some((number, at) => number <= Number(list[at - 1]))),
    forgotten: published.length - (await add(...published.map(numbered))).length,
  }
  const right = { lost: [], altered: 0, back: [], twice: 0, reordered: [], forgotten: 0 }
  t.strictSame(wrong, right, `${published.length} published, ${removed.length} removed`)
  await close()
  sums.cuts++
  sums.events += expected.length
  sums.removed += removed.length
}
