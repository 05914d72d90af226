/**
 * Lets the action begin at most once per `gap` ms. Whoever asks while a run waits to begin shares it; a run that has begun is
 * not shared, because it may have looked too early. The action may not fail. `sleep` resolves after the delay, in ms, or earlier to end the waiting.
 */
export function throttle(
  action: () => Promise<void>,
  { gap, sleep }: { gap: number; sleep: (delay: number) => Promise<unknown> },
): () => Promise<void> {
  let next: Promise<void> | undefined
  let last: Promise<unknown> = Promise.resolve()

  async function run(before: Promise<unknown>): Promise<void> {
    await before
    next = undefined
    const running = action()
    last = Promise.all([running, sleep(gap)])
    await running
  }

  return () => (next ??= run(last))
}
