/**
 * What ends servers, proxies and processes: a test of tap, or whoever else lives long enough. `teardown` may be called
 * at any time; what was begun last ends first.
 */
export type Owner = {
  teardown: (end: () => unknown) => void
  fail: (reason: string) => unknown
  pass: (name: string, skipped: { skip: string }) => unknown
}
