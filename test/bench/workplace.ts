import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseSender, type Sender } from './load/load.ts'
import type { Options } from './options.ts'
import { fillBacklog } from './prepare.ts'
import type { Progress } from './progress.ts'
import { Scope } from './scope.ts'
import { Brokers } from './subjects/brokers.ts'
import type { Running, Start, Subject } from './subjects/subject.ts'

/** Everything that lasts for a whole run. */
export type Workplace = {
  scope: Scope
  sender: Sender
  folder: string
  brokers: Brokers
  /** The folder of the data of a queue in which so many events wait; made once, and kept. */
  backlog: Start['backlog']
  /** Why a subject cannot be started on this machine, by its name. */
  skipped: Record<string, string>
  progress: Progress
}

/** Runs with a folder, a sender and brokers, all of which end with it, also when it is interrupted. */
export async function atWorkplace<T>(
  options: Pick<Options, 'backlog' | 'seed'> & { processors?: string; progress: Progress },
  run: (workplace: Workplace) => Promise<T>,
): Promise<T> {
  const scope = new Scope()
  // Brokers lead groups of their own, which a terminal does not interrupt.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void scope.end().finally(() => process.exit(1)))
  const folder = mkdtempSync(join(tmpdir(), 'jelou-receiver-bench-'))
  scope.teardown(async () => rmSync(folder, { recursive: true, maxRetries: 5 }))
  const sender = chooseSender(options.processors)
  if (sender.tool !== 'wrk')
    console.log('wrk is not on the PATH: our own generator sends, which takes more of the processors')
  const backlogs = new Map<number, Promise<string>>()
  function backlog(count = options.backlog): Promise<string> {
    const made =
      backlogs.get(count) ??
      fillBacklog(join(folder, `waiting-${count}`), { backlog: count, seed: options.seed })
    backlogs.set(count, made)
    return made
  }
  try {
    const { progress } = options
    return await run({ scope, sender, folder, brokers: new Brokers(scope), backlog, skipped: {}, progress })
  } finally {
    await scope.end()
  }
}

let uses = 0

/** Starts a subject for as long as it is measured; undefined when it cannot be started on this machine. */
export async function started<T, R = Running>(
  { scope: whole, folder: parent, brokers, backlog, skipped, progress }: Workplace,
  { name, start }: { name: Subject['name']; start: (at: Start) => Promise<R | null> },
  measure: (running: R) => Promise<T>,
): Promise<T | undefined> {
  if (name in skipped) return undefined
  const scope = new Scope()
  whole.teardown(() => scope.end())
  const folder = join(parent, `use-${uses++}`)
  mkdirSync(folder, { mode: 0o700 })
  try {
    const running = await start({ scope, folder, queueName: `bench-${name}-${uses}`, brokers, backlog })
    if (running !== null) return await measure(running)
    skipped[name] = [...scope.missing.values()].join('; ')
    progress.line(`${name} SKIPPED`, skipped[name])
    return undefined
  } finally {
    await scope.end()
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}
