import type { Owner } from '../brokers/owner.ts'

/** An owner that is no test. */
export type Lifetime = Owner & {
  /** Ends what was begun, the last first, once. What fails in that is thrown when all is ended. */
  end(): Promise<void>
  /** What could not be started, and why, in words. */
  problems: string[]
}

/** Ends with `within`, if it has not ended before. */
export function createLifetime(within?: Lifetime): Lifetime {
  const ends: (() => unknown)[] = []
  const problems: string[] = []
  async function end(): Promise<void> {
    const errors: unknown[] = []
    for (let end = ends.pop(); end !== undefined; end = ends.pop())
      try {
        await end()
      } catch (error) {
        errors.push(error)
      }
    if (errors.length > 0)
      throw new AggregateError(errors, `not everything could be ended: ${errors.join('; ')}`)
  }

  within?.teardown(end)
  return {
    problems,
    teardown: end => void ends.push(end),
    fail: reason => void problems.push(reason),
    pass: (name, { skip }) => void problems.push(`${name}: ${skip}`),
    end,
  }
}
