import { QueueUnavailableError } from '../../errors.ts'
import type { SqsEntry } from './sqs-entry.ts'

/** An entry that somebody waits for until `deadline` (performance.now()). `done` without an error when SQS has it; only its first call counts. */
export type Pending = SqsEntry & { deadline: number; done: (error?: Error) => void }

export type Batches = {
  add: (key: string, entry: Pending) => void
  /** Rejects what waits; what is on its way comes to its own end. */
  end: (error: Error) => void
}

type Group = { key: string; waiting: Pending[] }

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const MAX_ENTRIES = 10

/**
 * Gathers entries into batches and has at most `parallel` of them on their way. The entries of one key are in one batch at
 * a time, so that they arrive in order. Nothing waits for company: what comes while all are on their way goes together
 * next. `send` calls `done` of every entry, and never rejects.
 */
export function createBatches(options: {
  parallel: number
  /** The most bytes of a batch; a larger entry goes alone. */
  size: number
  send: (entries: Pending[]) => Promise<void>
}): Batches {
  const groups = new Map<string, Group>()
  const ready = new Set<Group>()
  let sending = 0

  function take(): { entries: Pending[]; taken: Group[] } {
    const entries: Pending[] = []
    const taken: Group[] = []
    const now = performance.now()
    let size = 0
    for (const group of ready) {
      while (group.waiting[0] && group.waiting[0].deadline <= now)
        group.waiting.shift()?.done(new QueueUnavailableError('SQS confirms too slowly'))
      const before = entries.length
      for (const entry of group.waiting) {
        if (entries.length === MAX_ENTRIES || (entries.length > 0 && size + entry.size > options.size)) break
        entries.push(entry)
        size += entry.size
      }
      group.waiting.splice(0, entries.length - before)
      if (entries.length === before && group.waiting.length > 0) break
      taken.push(group)
      ready.delete(group)
    }
    return { entries, taken }
  }

  async function sendNext(): Promise<void> {
    sending++
    const { entries, taken } = take()
    if (entries.length > 0) await options.send(entries)
    sending--
    for (const group of taken)
      if (group.waiting.length > 0) ready.add(group)
      else groups.delete(group.key)
    start()
  }

  function start(): void {
    while (ready.size > 0 && sending < options.parallel) void sendNext()
  }

  return {
    add(key, entry) {
      const group = groups.get(key) ?? { key, waiting: [] }
      group.waiting.push(entry)
      if (groups.has(key)) return
      groups.set(key, group)
      ready.add(group)
      // In a moment, so that what is published in one turn goes together.
      queueMicrotask(start)
    },
    end(error) {
      for (const { waiting } of groups.values()) for (const { done } of waiting.splice(0)) done(error)
    },
  }
}
