import type { Readable, Writable } from 'node:stream'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** Where a command reads and prints; `isTTY` where that is a terminal, with a person before it. */
export type Terminal = {
  in: Readable & { isTTY?: boolean }
  out: Writable & { isTTY?: boolean }
  err: Writable & { isTTY?: boolean }
}

/** 0: done. 1: failed, or what was looked at is not well. (2, wrong usage, is said before a command runs.) */
export type ExitStatus = 0 | 1

/** One command of the program. */
export type Command = {
  /** What stands below its name and summary: its options, one to a line. */
  help: string
  /** As parseArgs takes them. */
  options: ParseArgsOptionsConfig
  /** Throws parseArgs' errors for wrong usage, and any other error when it failed. */
  run: (args: string[], terminal: Terminal) => Promise<ExitStatus>
}

type Values<O extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: O }>>['values']

/** A command whose `run` gets the values of its options. */
export function defineCommand<const O extends ParseArgsOptionsConfig>({
  help,
  options,
  run,
}: {
  help: string
  options: O
  run: (values: Values<O>, terminal: Terminal) => Promise<ExitStatus>
}): Command {
  return { help, options, run: (args, terminal) => run(parseArgs({ args, options }).values, terminal) }
}
