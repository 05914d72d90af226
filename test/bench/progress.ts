import type { Sample } from './results.ts'

/** Says what is going on, a line for each measurement. */
export type Progress = {
  round: (index: number) => void
  sample: (name: string, sample: Sample) => void
  line: (name: string, text: string) => void
}

/** On stdout, with the time since it was opened. */
export function openProgress(rounds: number, print: (line: string) => void = console.log): Progress {
  const started = Date.now()
  const line = (name: string, text: string) => {
    const seconds = String(Math.round((Date.now() - started) / 1_000)).padStart(5)
    print(`${seconds} s  ${name.padEnd(24)} ${text}`)
  }
  return {
    line,
    round: index => line(`round ${index + 1} of ${rounds}`, ''),
    sample(name, { perSecond, p99, cpu, rss, failed, sender }) {
      const failures = failed > 0 ? `  ${failed} FAILED` : ''
      const speed = `${Math.round(perSecond)}/s`.padStart(9)
      const times = `p99 ${p99.toFixed(2)} ms, ${cpu.toFixed(3)} s CPU for 1,000, ${Math.round(rss)} MB`
      line(name, `${speed}  ${times}, sender ${Math.round(sender * 100)} %${failures}`)
    },
  }
}
