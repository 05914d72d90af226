import { constants } from 'node:os'

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Has a signal end the process at once, which is what a process does by itself, but for the first of a container: that one
 * is not ended by a signal that it does not listen for.
 */
export function endOnSignal(): void {
  for (const signal of SIGNALS) process.on(signal, end)
}

/** Once somebody else listens, who has something to bring to an end first. */
export function leaveSignals(): void {
  for (const signal of SIGNALS) process.off(signal, end)
}

function end(signal: 'SIGTERM' | 'SIGINT'): void {
  process.exit(128 + constants.signals[signal])
}
