/** Prints checks as TAP, a line for each. */
export type Report = {
  /** Runs one check. Throws what it throws, after saying so. */
  check: <T>(name: string, run: () => T | Promise<T>) => Promise<T>
  /** Says that nothing could be checked, and why. */
  skip: (reason: string) => void
  end: () => void
}

export function createReport(say: (line: string) => void = console.log): Report {
  let number = 0
  return {
    async check(name, run) {
      number++
      const start = performance.now()
      try {
        const result = await run()
        say(`ok ${number} - ${name} # time=${Math.round(performance.now() - start)}ms`)
        return result
      } catch (error) {
        say(`not ok ${number} - ${name}`)
        throw error
      }
    },
    skip: reason => say(`ok ${++number} - the image # SKIP ${reason}`),
    end: () => say(`1..${number}`),
  }
}
