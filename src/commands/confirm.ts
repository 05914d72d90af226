import { createInterface } from 'node:readline/promises'
import type { Terminal } from './command.ts'

/** Asks a person; whether they answered `yes`. An end of the input or Ctrl-C is a no. */
export async function confirm({ in: input, err }: Terminal, question: string): Promise<boolean> {
  const reader = createInterface({ input, output: err, terminal: false })
  const ending = new AbortController()
  reader.once('close', () => ending.abort())
  const answer = await reader
    .question(`${question} Type yes to go on: `, { signal: ending.signal })
    .catch(() => '')
  reader.close()
  return answer.trim().toLowerCase() === 'yes'
}
