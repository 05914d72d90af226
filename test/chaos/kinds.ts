/** What may be under a fault: two of one target never overlap. */
export type Target =
  | 'service'
  | 'broker'
  | 'broker-link'
  | 'state'
  | 'state-link'
  | 'jelou'
  | 'jelou-link'
  | 'secret'
  | 'disk'
  | 'clock'

/** What a scene needs for a fault to be possible in it. */
export type Needs = {
  /** The process may be ended. */
  mortal?: boolean
  broker?: boolean
  /** A broker over TLS, which notices any bit that is another. */
  tls?: boolean
  /** A shared state. */
  shared?: boolean
  /** The service runs under a clock that can be stepped. */
  clock?: boolean
  /** A file system of its own. */
  volume?: boolean
}

/**
 * `weight`: how often it is dealt. `hold`: the least and the most that it lasts, in ms. `targets`: what it takes for itself;
 * `service` and `disk` are those of one replica.
 */
export type Kind = {
  weight: number
  hold: readonly [number, number]
  targets: readonly Target[]
  needs?: Needs
}

const MOMENT = [0, 0] as const
const SHORT = [200, 2_000] as const
const LONG = [500, 4_000] as const

/** Every kind of fault, by its name. */
export const KINDS = {
  'service: kill -9': { weight: 6, hold: [0, 500], targets: ['service'], needs: { mortal: true } },
  'service: kill -9 while it starts': {
    weight: 2,
    hold: [0, 500],
    targets: ['service'],
    needs: { mortal: true },
  },
  'service: SIGTERM': { weight: 3, hold: [0, 500], targets: ['service'], needs: { mortal: true } },
  'service: SIGSTOP': { weight: 3, hold: LONG, targets: ['service'] },

  'broker: kill -9': { weight: 4, hold: SHORT, targets: ['broker'], needs: { broker: true } },
  'broker: SIGTERM': { weight: 2, hold: SHORT, targets: ['broker'], needs: { broker: true } },
  'broker: SIGSTOP': { weight: 3, hold: LONG, targets: ['broker'], needs: { broker: true } },
  'broker: connections cut': { weight: 3, hold: MOMENT, targets: ['broker-link'], needs: { broker: true } },
  'broker: connections refused': { weight: 2, hold: LONG, targets: ['broker-link'], needs: { broker: true } },
  'broker: network stalled': { weight: 3, hold: LONG, targets: ['broker-link'], needs: { broker: true } },
  'broker: connections half-closed': {
    weight: 2,
    hold: MOMENT,
    targets: ['broker-link'],
    needs: { broker: true },
  },
  'broker: answers cut': { weight: 3, hold: MOMENT, targets: ['broker-link'], needs: { broker: true } },
  'broker: answers garbled': { weight: 3, hold: MOMENT, targets: ['broker-link'], needs: { broker: true } },

  'broker: a bit flipped': { weight: 6, hold: MOMENT, targets: ['broker-link'], needs: { tls: true } },

  'state: kill -9': { weight: 3, hold: SHORT, targets: ['state'], needs: { shared: true } },
  'state: SIGTERM': { weight: 1, hold: SHORT, targets: ['state'], needs: { shared: true } },
  'state: SIGSTOP': { weight: 2, hold: LONG, targets: ['state'], needs: { shared: true } },
  'state: connections cut': { weight: 2, hold: MOMENT, targets: ['state-link'], needs: { shared: true } },
  'state: connections refused': { weight: 1, hold: LONG, targets: ['state-link'], needs: { shared: true } },
  'state: network stalled': { weight: 2, hold: LONG, targets: ['state-link'], needs: { shared: true } },
  'state: connections half-closed': {
    weight: 1,
    hold: MOMENT,
    targets: ['state-link'],
    needs: { shared: true },
  },
  'state: answers cut': { weight: 2, hold: MOMENT, targets: ['state-link'], needs: { shared: true } },
  'state: answers garbled': { weight: 2, hold: MOMENT, targets: ['state-link'], needs: { shared: true } },

  'Jelou: connections cut': { weight: 1, hold: MOMENT, targets: ['jelou-link'] },
  'Jelou: network stalled': { weight: 1, hold: LONG, targets: ['jelou-link'] },
  'Jelou: connections half-closed': { weight: 1, hold: MOMENT, targets: ['jelou-link'] },
  'Jelou: answers garbled': { weight: 1, hold: MOMENT, targets: ['jelou-link'] },
  'Jelou: answers 500': { weight: 1, hold: LONG, targets: ['jelou'] },
  'Jelou: answers 401': { weight: 1, hold: LONG, targets: ['jelou'] },
  'Jelou: answers garbage': { weight: 1, hold: LONG, targets: ['jelou'] },
  'Jelou: answers lost': { weight: 1, hold: LONG, targets: ['jelou'] },
  'secret: rotated': { weight: 2, hold: MOMENT, targets: ['secret'] },
  'secret: rotated, killed at a call': {
    weight: 3,
    hold: [0, 500],
    targets: ['secret', 'service'],
    needs: { mortal: true },
  },
  'secret: integration deleted': { weight: 1, hold: MOMENT, targets: ['secret'] },

  'secret: integration deleted, killed at the create': {
    weight: 2,
    hold: [0, 500],
    targets: ['secret', 'service'],
    needs: { mortal: true },
  },

  'disk: full': { weight: 4, hold: LONG, targets: ['disk'], needs: { volume: true } },
  'disk: read-only': {
    weight: 3,
    hold: LONG,
    targets: ['disk', 'service'],
    needs: { volume: true, mortal: true },
  },
  'clock: stepped': { weight: 3, hold: MOMENT, targets: ['clock'], needs: { clock: true } },
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS

export const KIND_NAMES = Object.keys(KINDS) as KindName[]

/** The description of a kind, by its name. */
export function kindOf(name: KindName): Kind {
  return KINDS[name]
}
