import { idOf, type EventMaker } from './events.ts'
import type { Ledger } from './ledger.ts'
import type { Delivered } from './queues/engine.ts'

/** What the looks at the queue have shown so far. */
export type Findings = {
  delivered: number
  repeated: number
  /** What was delivered that must not be, each in a few words. */
  wrong: { what: 'altered' | 'disordered' | 'repeated' | 'never sent'; detail: string }[]
}

/** `mayRepeat`: whether the contract allows that the event with this id comes out twice. */
export type VerifierOptions = {
  projectId: string
  ledger: Ledger
  make: EventMaker
  mayRepeat: (id: string) => boolean
}

/** Compares what comes out of the queue with what was sent. */
export class Verifier {
  readonly findings: Findings = { delivered: 0, repeated: 0, wrong: [] }
  readonly #options: VerifierOptions

  constructor(options: VerifierOptions) {
    this.#options = options
  }

  /** Takes in what was read, in the order in which it was; only once nothing more is sent. */
  look(messages: readonly Delivered[]): void {
    for (const message of messages) this.#lookAt(message)
  }

  #lookAt({ event, raw }: Delivered): void {
    const { projectId, ledger, make, mayRepeat } = this.#options
    const { findings } = this
    findings.delivered++
    const where = placeOf(event['data'])
    if (where === undefined) return this.#wrong('never sent', String(event['id']))
    const name = `room ${where.room}, place ${where.place}`
    const verdict = ledger.deliver(where)
    if (verdict === 'unknown') return this.#wrong('never sent', name)
    const body = make(where.room, where.place)
    const isWhole = raw.includes(`"data":${body}}`) && isEnvelope(event, body, projectId)
    if (!isWhole) this.#wrong('altered', name)
    if (verdict === 'disordered') this.#wrong('disordered', name)
    if (verdict !== 'repeated') return
    findings.repeated++
    if (!mayRepeat(String(event['id']))) this.#wrong('repeated', name)
  }

  #wrong(what: Findings['wrong'][number]['what'], detail: string): void {
    this.findings.wrong.push({ what, detail })
  }
}

/** Whether an event has the attributes that belong to a body, made anew here: the code that made them is what is tried. */
function isEnvelope(event: Record<string, unknown>, body: string, projectId: string): boolean {
  const { room_id: room, timestamp } = JSON.parse(body)
  const expected = {
    specversion: '1.0',
    id: idOf(body),
    source: `urn:jelou:project:${projectId}`,
    type: 'ai.jelou.message',
    subject: room,
    time: new Date(timestamp).toISOString(),
    datacontenttype: 'application/json',
    partitionkey: room,
  }
  return Object.entries(expected).every(([name, value]) => event[name] === value)
}

function placeOf(data: unknown): { room: number; place: number } | undefined {
  if (typeof data !== 'object' || data === null || !('room_id' in data) || !('place' in data))
    return undefined
  const room = Number(/^room-(\d+)$/.exec(String(data.room_id))?.[1] ?? Number.NaN)
  const { place } = data
  return Number.isSafeInteger(room) && typeof place === 'number' ? { room, place } : undefined
}
