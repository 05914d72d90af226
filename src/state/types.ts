/**
 * Where the kept state lives: one sealed record for one project. A backend moves bytes and knows nothing of what is in
 * them; sealing and checking happen above it, so that every backend keeps the same record.
 */
export interface StateBackend {
  /** Where the record is, for messages to the operator: a path, or an address without its password. */
  readonly location: string
  /** The project's record, null when there is none yet. Throws StateCorruptError or StateUnavailableError. */
  read(): Promise<Buffer | null>
  /** Replaces the record; resolves once the new one would survive a power cut. Throws as `read` does. */
  write(record: Buffer): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}
