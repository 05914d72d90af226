import type { Readable, Writable } from 'node:stream'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { z } from 'zod'
import { UsageError } from '../errors.ts'

/** Where a command reads and prints; `isTTY` where that is a terminal, with a person before it. */
export type Terminal = {
  in: Readable & { isTTY?: boolean }
  out: Writable & { isTTY?: boolean }
  err: Writable & { isTTY?: boolean }
}

/** 0: done. 1: failed, or what was looked at is not well. (2, wrong usage, is said of an error that was thrown.) */
export type ExitStatus = 0 | 1

/** One command of the program. */
export type Command = {
  /** What stands below its name and summary: its options, one to a line. */
  help: string
  /** As parseArgs takes them. */
  options: ParseArgsOptionsConfig
  /** Throws UsageError and parseArgs' errors for wrong usage, and any other error when it failed. */
  run: (args: string[], terminal: Terminal) => Promise<ExitStatus>
}

/** An option that is there or not. */
export const flag = z.boolean().default(false)

/**
 * A command whose `run` gets the values of its options, parsed. The schema of an option takes a text, a list of texts when it
 * may be given several times, or a boolean when it has no value.
 */
export function defineCommand<const O extends z.ZodRawShape>({
  help,
  options,
  run,
}: {
  help: string
  options: O
  run: (values: z.output<z.ZodObject<O>>, terminal: Terminal) => Promise<ExitStatus>
}): Command {
  const schema = z.object(options)
  const config = configOf(schema)
  return {
    help,
    options: config,
    run: async (args, terminal) =>
      run(parseValues(schema, parseArgs({ args, options: config }).values), terminal),
  }
}

const accepted = z.record(z.string(), z.object({ type: z.enum(['string', 'array', 'boolean']) }))

function configOf(schema: z.ZodObject): ParseArgsOptionsConfig {
  const { properties } = z.toJSONSchema(schema, { io: 'input' })
  const entries = Object.entries(accepted.parse(properties)).map(([name, { type }]) => [
    name,
    { type: type === 'boolean' ? type : 'string', multiple: type === 'array' },
  ])
  return Object.fromEntries(entries)
}

/** All that is wrong, at once. */
function parseValues<S extends z.ZodType>(schema: S, values: Record<string, unknown>): z.output<S> {
  const { data, error } = schema.safeParse(values)
  if (error === undefined) return data
  throw new UsageError(
    error.issues
      .map(({ path: [name = '', index], message }) => {
        const given = values[String(name)]
        return `--${String(name)} ${message}${shown(Array.isArray(given) ? given[Number(index)] : given)}`
      })
      .join('; '),
  )
}

/** What may hold a password or a token is not repeated. */
function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return /[@?#]/.test(text) ? '' : ` (it is ${text})`
}
