import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../brokers/owner.ts'
import { call } from '../conformance/http.ts'
import { start, type Service, type Variables } from '../conformance/service.ts'

/** A process that ended although nobody ended it, or that did not begin: its exit status, and its last words. */
export type Ending = { replica: number; status: number | null; last: string }

export type ReplicaOptions = {
  owner: Owner
  number: number
  environment: Variables
  publicUrl: string
  ended: (ending: Ending) => void
}

/** Between tries to start it, in ms, as whatever watches over a service would. */
const RESTART = 250
/** More than SHUTDOWN_TIMEOUT of any scene, in ms. */
const LONGEST_END = 40_000

/** One service that is started again whenever it ends, unless it is meant to be down. */
export class Replica {
  readonly publicUrl: string
  readonly #options: ReplicaOptions
  #service: Service | undefined
  #isWanted = false
  #starting: Promise<void> | undefined
  /** What processes that have ended wrote. */
  readonly #outputs: string[] = []

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.publicUrl = options.publicUrl
  }

  get owner(): Owner {
    return this.#options.owner
  }

  get environment(): Variables {
    return this.#options.environment
  }

  get number(): number {
    return this.#options.number
  }

  /** The process; undefined while there is none that listens. */
  get service(): Service | undefined {
    return this.#service
  }

  /** Everything that its processes wrote. */
  output(): string {
    return [...this.#outputs, this.#service?.output() ?? ''].join('\n')
  }

  /** Has it run from now on, and resolves once it listens. */
  up(): Promise<void> {
    this.#isWanted = true
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  /**
   * Ends it by a signal; resolves with its exit status, null when the signal killed it, or undefined when there was no process
   * that listened. One that goes on for ever is killed.
   */
  async down(signal: NodeJS.Signals): Promise<number | null | undefined | 'hangs'> {
    this.#isWanted = false
    // What is just being started by itself listens at once, or ends.
    await this.#starting
    const service = this.#service
    this.#service = undefined
    service?.signal(signal)
    const over = new AbortController()
    const hangs = sleep(LONGEST_END, 'hangs' as const, { signal: over.signal }).catch(() => 'hangs' as const)
    const status = await Promise.race([service?.exited, hangs])
    over.abort()
    if (status === 'hangs') service?.signal('SIGKILL')
    return status
  }

  signal(signal: NodeJS.Signals): void {
    this.#service?.signal(signal)
  }

  /** Ends it at once, whatever it does: it is started again. */
  killNow(): void {
    const service = this.#service
    this.#isWanted = false
    this.#service = undefined
    service?.signal('SIGKILL')
  }

  async isReady(): Promise<boolean> {
    try {
      return this.#service !== undefined && (await call(`${this.publicUrl}/readyz`)).status === 200
    } catch {
      return false
    }
  }

  async #start(): Promise<void> {
    while (this.#isWanted && this.#service === undefined) {
      const { owner, environment, number, ended } = this.#options
      try {
        const service = await start(owner, environment)
        this.#service = service
        void service.exited.then(status => this.#exited(service, status))
      } catch (error) {
        this.#outputs.push(String(error))
        if (this.#isWanted) ended({ replica: number, status: 1, last: lastWords(String(error)) })
        await sleep(RESTART)
      }
    }
  }

  #exited(service: Service, status: number | null): void {
    this.#outputs.push(service.output())
    if (service !== this.#service) return
    this.#service = undefined
    this.#options.ended({ replica: this.#options.number, status, last: lastWords(service.output()) })
    void sleep(RESTART).then(() => (this.#isWanted ? this.up() : undefined))
  }
}

/** The message of the last line of a log that has one. */
function lastWords(output: string): string {
  const lines = output.trim().split('\n').slice(-8)
  const messages = lines.map(line => {
    try {
      const { msg, err, reason } = JSON.parse(line)
      return [msg, err?.message, reason].filter(Boolean).join(': ')
    } catch {
      return line
    }
  })
  return messages.join(' | ').slice(-600)
}
