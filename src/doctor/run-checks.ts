import { wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

/** One thing to look at; `name` is stable, for programs too. */
export type Check = { name: string; run: () => Finding | Promise<Finding> }

/** What came of a check. */
export type CheckResult = { name: string } & Finding

/**
 * Makes all checks at once, none for longer than `timeout` ms; resolves with their results in the order of the checks,
 * whatever goes wrong. `onDone` is told after each.
 */
export async function runChecks(
  checks: readonly Check[],
  { timeout, onDone }: { timeout: number; onDone: (name: string) => void },
): Promise<CheckResult[]> {
  return Promise.all(
    checks.map(async ({ name, run }) => {
      const finding = await limited(run, timeout)
      onDone(name)
      return { name, ...finding }
    }),
  )
}

async function limited(run: Check['run'], timeout: number): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>()
  const late = () => resolve(wrong(`no result within ${timeout / 1000} s`, 'look at it by hand'))
  const timer = setTimeout(late, timeout)
  const finding = (async () => run())().catch((error: unknown) =>
    wrong(`it could not be looked at: ${reasonOf(error)}`, 'look at it by hand'),
  )
  return Promise.race([promise, finding]).finally(() => clearTimeout(timer))
}
