import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { consume } from './admin/consume.ts'
import { fetchStatus } from './admin/fetch-status.ts'
import { loadAdminAddress, loadConfig, type AdminAddress } from './config.ts'
import { demo } from './demo.ts'
import { ConfigError } from './errors.ts'
import { serve } from './server.ts'
import { simulate, simulateHelp, simulateOptions } from './simulator/command.ts'

const HELP = `jelou-receiver: receives Jelou's webhook events, verifies them and puts them safely on a queue

  serve      run the service, configured by the environment or .env
  status     what the running service says of itself, as JSON; exit status 1 when it is not ready
  consume    print the events of the embedded queue, a line of JSON each, and acknowledge them
  simulate   run a Jelou to develop against
  demo       simulator, receiver and consumer in one process; needs no account and no server

  COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage.
`
const SERVE_HELP = `serve: run the service, configured by the environment or .env (see .env.example)

  SIGTERM or SIGINT drains and exits with 0; a second one, or a drain that takes too long, with 1.
`
const STATUS_HELP = `status: what the running service says of itself, as JSON; exit status 1 when it is not ready

  --url URL   its private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)
`
const CONSUME_HELP = `consume: print the events of the embedded queue, a line of JSON each, and acknowledge each once it is printed

  --url URL   the service's private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)
`
const DEMO_HELP = `demo: simulator, receiver and consumer in one process, until Ctrl-C

  --once      end after the first conversation
`

const url = { url: { type: 'string' } } as const

const commands = new Map<string, (args: string[]) => Promise<void>>(
  Object.entries({
    serve: command(SERVE_HELP, {}, async () => serve(await loadConfig())),
    status: command(STATUS_HELP, url, async values => {
      const { ready, text } = await fetchStatus(await adminAddress(values))
      process.stdout.write(`${text}\n`)
      if (!ready) process.exitCode = 1
    }),
    consume: command(CONSUME_HELP, url, async values => {
      const address = await adminAddress(values)
      await untilSignal(signal => consume({ ...address, out: process.stdout, signal, onRetry: complainOf }))
    }),
    simulate: command(simulateHelp, simulateOptions, values =>
      untilSignal(signal => simulate(values, { out: process.stdout, signal })),
    ),
    demo: command(DEMO_HELP, { once: { type: 'boolean' } } as const, ({ once = false }) =>
      untilSignal(signal => demo({ out: process.stdout, once, signal })),
    ),
  }),
)

/** Runs one command; `args` without the program's name. Sets the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: string[]): Promise<void> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h') process.stdout.write(HELP)
  else await (commands.get(name) ?? unknown(name))(rest)
}

function command<O extends ParseArgsOptionsConfig>(
  help: string,
  options: O,
  run: (values: ReturnType<typeof parseArgs<{ options: O }>>['values']) => Promise<void>,
) {
  return async (args: string[]) => {
    try {
      if (args.includes('--help') || args.includes('-h')) process.stdout.write(help)
      else await run(parseArgs({ args, options }).values)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      const isUsage = code.startsWith('ERR_PARSE_ARGS')
      complain(isUsage ? `${message}\n\n${help}` : message)
      process.exitCode = isUsage ? 2 : 1
    }
  }
}

function unknown(name: string) {
  return async () => {
    complain(`There is no command "${name}".\n\n${HELP}`)
    process.exitCode = 2
  }
}

function complainOf(error: Error): void {
  complain(`${error.message}; trying again`)
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function adminAddress({ url }: { url?: string | undefined }): Promise<AdminAddress> {
  const configured = await loadAdminAddress()
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    throw new ConfigError(`--url must begin with http:// or https:// (it is "${url}")`)
  return { ...configured, ...(url !== undefined && { url }) }
}

/** Runs until SIGINT or SIGTERM aborts the signal and what was begun is done. */
async function untilSignal(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const ending = new AbortController()
  const end = () => ending.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  try {
    await run(ending.signal)
  } finally {
    process.off('SIGINT', end)
    process.off('SIGTERM', end)
  }
}
