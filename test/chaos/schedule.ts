import { KIND_NAMES, kindOf, type KindName, type Needs, type Target } from './kinds.ts'
import { createRandom, type Random } from './random.ts'

export const DRIVERS = ['embedded', 'redis', 'bullmq', 'rabbitmq', 'nats', 'kafka', 'sqs'] as const
export type DriverName = (typeof DRIVERS)[number]

/** Where the secret is kept: in a file of the one process, or shared by replicas. */
export type StateName = 'file' | 'redis' | 'nats' | 'postgres'

/** A fault: it begins `at` ms after the scene and lasts `hold` ms. `draw` in [0, 1) is what its kind makes of it. */
export type Fault = {
  kind: KindName
  at: number
  hold: number
  /** Of which replica, from 0. */
  replica: number
  draw: number
}

/** One service, or two replicas of it, with data of its own from the first event to the last look. */
export type Scene = {
  driver: DriverName
  number: number
  /** What else is drawn in the scene. */
  seed: number
  replicas: number
  state: StateName
  /** Whether processes may be ended; where not, one process lives through everything, and what it leaks shows. */
  mortal: boolean
  /** Whether the service runs under a clock that can be stepped. */
  clock: boolean
  /** Whether the broker is spoken to over TLS. */
  tls: boolean
  /** Whether events are taken out of the embedded queue all the time, or only once the faults are over. */
  consumed: boolean
  rooms: number
  /** How many events are to be acknowledged at least. */
  events: number
  settings: Record<string, string>
  faults: Fault[]
  /** Until the last fault has begun, in ms. */
  duration: number
}

/** `events` and `faults` are for all scenes of the driver. `pace`: ms from one fault to the next, on average. */
export type PlanOptions = {
  seed: number
  driver: DriverName
  events: number
  faults: number
  pace: number
  /** What this machine can do. */
  can: { volumes: boolean; clock: boolean }
}

/** Faults of one scene, about. */
const SCENE_FAULTS = 24
/** Between -6 h and 6 h, so that nothing that is kept for DEDUPE_WINDOW is forgotten. */
export const LARGEST_STEP = 6 * 3_600_000

/** All scenes of a driver: the same for the same options. */
export function plan(options: PlanOptions): Scene[] {
  const { seed, driver, events, faults } = options
  const random = createRandom(seed, driver)
  const count = Math.max(1, Math.round(faults / SCENE_FAULTS))
  // So that each shape comes up early, whatever the seed.
  const first = random.int(0, 3)
  const decks = new Map<string, KindName[]>()
  return Array.from({ length: count }, (_, index) =>
    planScene(options, {
      random: createRandom(seed, `${driver} ${index}`),
      number: index + 1,
      shape: first + index,
      events: share(events, count, index),
      faults: share(faults, count, index),
      decks,
    }),
  )
}

type SceneOptions = {
  random: Random
  number: number
  shape: number
  events: number
  faults: number
  decks: Map<string, KindName[]>
}

function planScene(
  { driver, pace, can }: PlanOptions,
  { random, number, shape, events, faults: count, decks }: SceneOptions,
): Scene {
  const isEmbedded = driver === 'embedded'
  const replicas = !isEmbedded && shape % 2 === 1 ? 2 : 1
  const mortal = shape % 4 < 3
  const state: StateName = replicas === 1 ? 'file' : random.pick(['redis', 'nats', 'postgres'])
  const clock = can.clock && random.chance(0.5)
  // Certificates have a beginning, and the clock may be stepped to before it.
  const tls = (driver === 'redis' || driver === 'bullmq') && !clock
  const possible = KIND_NAMES.filter(name =>
    isPossible(kindOf(name).needs, {
      mortal,
      clock,
      broker: !isEmbedded,
      tls,
      shared: replicas > 1,
      volume: can.volumes,
    }),
  )
  let at = 0
  const faults = Array.from({ length: count }, (): Fault => {
    at += Math.round(pace * (0.2 + 1.6 * random.next()))
    const kind = deal(possible, decks, random)
    const [least, most] = kindOf(kind).hold
    return {
      kind,
      at,
      hold: random.int(least, most),
      replica: random.int(0, replicas - 1),
      draw: random.next(),
    }
  })
  return {
    driver,
    number,
    seed: random.int(0, 2 ** 31 - 1),
    replicas,
    state,
    mortal,
    clock,
    tls,
    consumed: isEmbedded && random.chance(0.5),
    rooms: random.pick([16, 64, 200]),
    events,
    settings: settingsOf(random, isEmbedded),
    faults,
    duration: at,
  }
}

function settingsOf(random: Random, isEmbedded: boolean): Record<string, string> {
  return {
    RECONCILE_INTERVAL: random.pick(['500ms', '2s']),
    SHUTDOWN_TIMEOUT: random.pick(['10s', '25s']),
    WEBHOOK_AUTH_TYPE: random.pick(['bearer', 'api_key', 'basic', 'no_auth']),
    ...(!isEmbedded && {
      PUBLISH_TIMEOUT: random.pick(['100ms', '500ms', '2s']),
      SPOOL_LIMIT: random.pick(['1mb', '4mb', '64mb', '1gb']),
    }),
  }
}

/** The next kind: each comes as often as its weight says before the first comes once more. */
function deal(possible: KindName[], decks: Map<string, KindName[]>, random: Random): KindName {
  const name = possible.join()
  let deck = decks.get(name) ?? []
  if (deck.length === 0)
    deck = random.shuffle(possible.flatMap(kind => Array.from({ length: kindOf(kind).weight }, () => kind)))
  const kind = deck.pop() as KindName
  decks.set(name, deck)
  return kind
}

function isPossible(needs: Needs = {}, has: Required<Needs>): boolean {
  return (Object.keys(needs) as (keyof Needs)[]).every(need => has[need])
}

function share(total: number, count: number, index: number): number {
  return Math.floor((total * (index + 1)) / count) - Math.floor((total * index) / count)
}

/** What a fault takes for itself, by name. */
export function targetsOf({ kind, replica }: Fault): string[] {
  const own = new Set<Target>(['service', 'disk'])
  return kindOf(kind).targets.map(target => (own.has(target) ? `${target} ${replica}` : target))
}
