/**
 * What ends servers, proxies and processes: a test of tap, or whoever else lives long enough. `teardown` may be called
 * at any time; what was begun last ends first.
 */
export type Owner = {
  teardown: (end: () => unknown) => void
  fail: (reason: string) => unknown
  /** It measures: nothing is looked at that a user's machine would not look at, and no secret is at stake. */
  readonly measures?: boolean
  pass: (name: string, skipped: { skip: string }) => unknown
}
