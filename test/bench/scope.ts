import type { Owner } from '../brokers/owner.ts'

/** Owns what a part of a run starts, and ends it in the opposite order, as a test of tap's would. */
export class Scope implements Owner {
  readonly measures = true
  /** Why something could not be started, by its name. */
  readonly missing = new Map<string, string>()
  readonly #ends: (() => unknown)[] = []
  #ending: Promise<void> | undefined

  teardown(end: () => unknown): void {
    this.#ends.push(end)
  }

  fail(reason: string): void {
    throw new Error(reason)
  }

  pass(name: string, { skip }: { skip: string }): void {
    this.missing.set(name, skip)
  }

  /** Whoever calls it, it ends once, and all wait for that. */
  end(): Promise<void> {
    return (this.#ending ??= this.#endAll())
  }

  async #endAll(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end()
  }
}
