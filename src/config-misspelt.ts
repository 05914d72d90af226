/** As many letters as a typing error costs, and how long a name is at least for which that is not chance. */
const SLIP = 2
const LONG = 8

/** A name that is given and not known, and the one that was meant, as far as can be told. */
export type Misspelt = { name: string; meant: string }

/** The given names that are nearly, but not quite, one of those that are known. */
export function misspeltOf(given: readonly string[], known: readonly string[]): Misspelt[] {
  const names = known.filter(name => name.length >= LONG)
  return given
    .filter(name => !known.includes(name))
    .flatMap(name => names.filter(other => distance(name, other) <= SLIP).map(meant => ({ name, meant })))
}

/** The least number of letters to add, take away or change (Levenshtein's distance). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries()) {
      const changed = Number(row[j]) + (letter === other ? 0 : 1)
      next.push(Math.min(changed, Number(row[j + 1]) + 1, Number(next[j]) + 1))
    }
    row = next
  }
  return Number(row.at(-1))
}
