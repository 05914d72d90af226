import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { failureOf, openError, type Failure } from './sqlite-protocol.ts'

const MIB = 1024 * 1024
/** More than the first page of the log's index, and what else SQLite writes to read its log after a crash. */
const ROOM_TO_OPEN = MIB

/** Bytes that this process may still write to the file system of a directory. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

export type SpaceOptions = {
  file: string
  minFree: number
  ballast: number
  freeBytes: (directory: string) => number
}

/**
 * Keeps room on the disk for acknowledging and for opening again, which need some too: events are refused below
 * `minFree`, and `<file>.ballast` can be given up when even that was not enough. Whoever fills the disk, this recovers
 * once there is room for both again.
 */
export class Space {
  readonly #options: SpaceOptions
  readonly #ballastFile: string
  #failure: Failure | undefined

  constructor(options: SpaceOptions) {
    this.#options = options
    this.#ballastFile = `${options.file}.ballast`
  }

  /** Why events are refused; undefined while they are taken. */
  get failure(): Failure | undefined {
    return this.#failure
  }

  /**
   * Sees to room for opening, the ballast's if need be: SQLite maps the index of its log into memory, and where the disk has no
   * room for a page of it the kernel ends the process (SIGBUS). Throws QueueFullError when there is too little even then.
   */
  makeRoomToOpen(): void {
    if (this.#free() >= ROOM_TO_OPEN) return
    this.giveUpBallast()
    if (this.#free() < ROOM_TO_OPEN) throw openError(this.#tooLittle(ROOM_TO_OPEN), this.#options.file)
  }

  /** Looks at the disk before events are written. It can only get worse here: {@link recover} takes events again. */
  check(): void {
    if (this.#free() < this.#options.minFree) this.#failure = this.#tooLittle(this.#options.minFree)
  }

  /** Looks at the disk anew, and makes the ballast again when there is room for it. */
  recover(): void {
    const { minFree, ballast } = this.#options
    const missing = Math.max(0, ballast - this.#ballastSize())
    this.#failure = this.#free() < minFree + missing ? this.#tooLittle(minFree + missing) : undefined
    if (this.#failure !== undefined || missing === 0) return
    try {
      writeZeros(this.#ballastFile, ballast)
    } catch (error) {
      this.giveUpBallast()
      this.#failure = { kind: 'full', reason: failureOf(error).reason }
    }
  }

  /** SQLite found the disk full. Events are refused until {@link recover}. */
  full(failure: Failure): void {
    this.#failure = failure
  }

  /** Deletes the ballast. False when there was none. */
  giveUpBallast(): boolean {
    const size = this.#ballastSize()
    rmSync(this.#ballastFile, { force: true })
    return size > 0
  }

  #ballastSize(): number {
    return statSync(this.#ballastFile, { throwIfNoEntry: false })?.size ?? 0
  }

  #free(): number {
    return this.#options.freeBytes(dirname(this.#options.file))
  }

  #tooLittle(needed: number): Failure {
    return { kind: 'full', reason: `${mib(this.#free())} MiB are free, ${mib(needed)} MiB are needed` }
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / MIB)
}

function writeZeros(file: string, size: number): void {
  const descriptor = openSync(file, 'w', 0o600)
  try {
    const zeros = Buffer.alloc(MIB)
    for (let left = size; left > 0;) left -= writeSync(descriptor, zeros, 0, Math.min(left, MIB))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
