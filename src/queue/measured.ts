import type { QueueDriver } from './types.ts'

/** Is told of every publish: when it begins, and when it is settled, after how many ms; the outcome or the error's code. */
export type Meter = { started: () => void; settled: (outcome: string, duration: number) => void }

/** The same driver, whose publishes are counted and timed. Around the driver itself, so that the spool's own waiting is not in it. */
export function measured(driver: QueueDriver, meter: Meter): QueueDriver {
  return {
    name: driver.name,
    deduplicates: driver.deduplicates,
    connect: () => driver.connect(),
    health: () => driver.health(),
    close: () => driver.close(),
    async publish(message) {
      const started = performance.now()
      meter.started()
      try {
        const outcome = await driver.publish(message)
        meter.settled(outcome, performance.now() - started)
        return outcome
      } catch (error) {
        meter.settled(codeOf(error), performance.now() - started)
        throw error
      }
    },
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
