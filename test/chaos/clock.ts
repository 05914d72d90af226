import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A wall clock that can be stepped while processes run by it; their monotonic clock goes on. */
export type Clock = {
  /** What a process needs in its environment to run by it. */
  environment: Record<string, string>
  /** Sets it so many ms before or behind the machine's. */
  step: (offset: number) => void
}

/** Of Debian's package libfaketime. The one for programs with threads. */
const [LIBRARY] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')

export function hasClock(): boolean {
  return LIBRARY !== undefined
}

/** Throws where there is no libfaketime. */
export function makeClock(folder: string): Clock {
  if (LIBRARY === undefined) throw new Error('libfaketime is not installed')
  const file = join(folder, 'clock')
  const step = (offset: number): void => writeFileSync(file, `${offset < 0 ? '' : '+'}${offset / 1_000}\n`)
  step(0)
  return {
    environment: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      // Its cache is kept by the clock that it fakes: after a step backwards it would not look again.
      FAKETIME_NO_CACHE: '1',
    },
    step,
  }
}
