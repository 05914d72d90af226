/**
 * Where the kept state lives: one sealed record for one project, and the lock around every change to it. A backend moves
 * bytes and knows nothing of what is in them; sealing and checking happen above it, so that every backend keeps the same
 * record. All of it is named by project: two projects in one store never see each other.
 */
export interface StateBackend {
  /** Where the record is, for messages to the operator: a path, or an address without its password. */
  readonly location: string
  /** The project's record, null when there is none yet. Throws StateCorruptError or StateUnavailableError. */
  read(): Promise<Buffer | null>
  /**
   * Replaces the record; resolves once the new one would survive a power cut. Only whoever holds the lock may: throws
   * StateFencedError, and leaves the record alone, when `fence` is not the token of the lock's present, unexpired holder.
   * Throws as `read` does besides.
   */
  write(record: Buffer, fence: number): Promise<void>
  /** Takes the lock for `lease` ms by the store's own clock; null while somebody else holds it. Does not wait. */
  acquire(lease: number): Promise<StateLock | null>
  /**
   * Says for `ttl` ms that `member` (a replica) is there with `value`, in clear text; resolves with the values of all
   * members that are there now, its own included.
   */
  announce(member: string, value: string, ttl: number): Promise<string[]>
  /** Takes back what `member` announced. */
  withdraw(member: string): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

/** The lock of a project, held. */
export interface StateLock {
  /** The fencing token: a whole number, greater than that of every holder before. */
  readonly fence: number
  /** Holds it for `lease` ms from now; false when it had run out already, or is somebody else's. */
  renew(lease: number): Promise<boolean>
  /** Gives it back at once; does nothing when it is not held any more. */
  release(): Promise<void>
}
