/** How long to wait before another try, in ms: `first` doubles up to `most`, half of it by chance. */
export type Pauses = { first: number; most: number }

/** The pause after so many others, in ms: by chance, so that replicas do not come back all at once. `random` is in [0, 1). */
export function backoff(pauses: number, { first, most }: Pauses, random = Math.random): number {
  const ceiling = Math.min(most, first * 2 ** pauses)
  return ceiling / 2 + (random() * ceiling) / 2
}
