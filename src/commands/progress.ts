import type { Terminal } from './command.ts'

/** What a person is told while something takes its time. */
export type Progress = {
  /** What it is at now, instead of what was told before. */
  step: (text: string) => void
  /** Wipes it. */
  end: () => void
}

/** A line on the terminal, beside what is printed for programs; nothing where there is no terminal. */
export function createProgress({ err }: Pick<Terminal, 'err'>): Progress {
  const tell = (text: string) => {
    if (err.isTTY) err.write(`\r\u001B[K${text}`)
  }
  return { step: tell, end: () => tell('') }
}

/** Tells the text until the work is done; settles as that does. */
export async function during<T>(
  terminal: Pick<Terminal, 'err'>,
  text: string,
  work: () => Promise<T>,
): Promise<T> {
  const progress = createProgress(terminal)
  progress.step(text)
  return work().finally(() => progress.end())
}
