import { setTimeout as sleep } from 'node:timers/promises'

/** Whether it became so within so many ms. */
export async function until(within: number, isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + within
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > deadline) return false
    await sleep(50)
  }
}
