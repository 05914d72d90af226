import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { run } from '../../src/cli.ts'

/** How a command ended, and what it printed. */
export type Invoked = { status: number; out: string; err: string }

/** Runs a command in this process; `answer` is what a person before a terminal types, undefined where there is none. */
export async function invoke(args: string[], answer?: string): Promise<Invoked> {
  const isTTY = answer !== undefined
  const terminal = {
    in: Object.assign(new PassThrough(), { isTTY }),
    out: new PassThrough(),
    err: new PassThrough(),
  }
  terminal.in.end(answer)
  const texts = Promise.all([text(terminal.out), text(terminal.err)])
  const status = await run(args, terminal)
  terminal.out.end()
  terminal.err.end()
  const [out, err] = await texts
  return { status, out, err }
}
