import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import type { AdminAddress } from './config.ts'
import { ConfigError } from './errors.ts'

const HELP = `jelou-receiver: receives Jelou's webhook events, verifies them and puts them safely on a queue

  serve      run the service, configured by the environment or .env
  status     what the running service says of itself, as JSON; exit status 1 when it is not ready
  rotate     make Jelou sign with a new secret; events signed with the old one are still taken for a while
  consume    print the events of the embedded queue, a line of JSON each, and acknowledge them
  replay     send dead letters of the queue or the spool again
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
const ROTATE_HELP = `rotate: make Jelou sign with a new secret; events signed with the old one are still taken for a while

  The running service deletes its integration at Jelou and creates it anew, and tells the outcome as JSON.
  --url URL   its private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)
`
const CONSUME_HELP = `consume: print the events of the embedded queue, a line of JSON each, and acknowledge each once it is printed

  --url URL   the service's private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)
`
const REPLAY_HELP = `replay: send the dead letters of the queue or the spool again, with fresh attempts

  --seq N     only this one; may be given several times (GET /queue/dead lists them)
  --url URL   the service's private listener (from ADMIN_HOST and ADMIN_PORT; the token is ADMIN_TOKEN)
`
const DEMO_HELP = `demo: simulator, receiver and consumer in one process, until Ctrl-C

  --once      end after the first conversation
`

const url = { url: { type: 'string' } } as const
const seqs = { seq: { type: 'string', multiple: true } } as const

/** Each command loads its own code when it is called: help and clients need little of it, and start sooner. */
const commands = new Map<string, () => Promise<Run>>(
  Object.entries({
    serve: async () => {
      const { serve } = await import('./server.ts')
      const { loadConfig } = await import('./config.ts')
      return command(SERVE_HELP, {}, async () => serve(await loadConfig()))
    },
    status: async () => {
      const { fetchStatus } = await import('./admin/fetch-status.ts')
      return command(STATUS_HELP, url, async values => {
        const { ready, text } = await fetchStatus(await adminAddress(values))
        process.stdout.write(`${text}\n`)
        if (!ready) process.exitCode = 1
      })
    },
    rotate: async () => {
      const { requestRotation } = await import('./admin/request-rotation.ts')
      return command(ROTATE_HELP, url, async values => {
        process.stdout.write(`${await requestRotation(await adminAddress(values))}\n`)
      })
    },
    consume: async () => {
      const { consume } = await import('./admin/consume.ts')
      return command(CONSUME_HELP, url, async values => {
        const address = await adminAddress(values)
        await untilSignal(signal => consume({ ...address, out: process.stdout, signal, onRetry: complainOf }))
      })
    },
    replay: async () => {
      const { replay } = await import('./admin/replay.ts')
      return command(REPLAY_HELP, { ...url, ...seqs }, async ({ seq, ...values }) => {
        const count = await replay(await adminAddress(values), seq?.map(asSeq))
        process.stdout.write(`${count} sent again\n`)
      })
    },
    simulate: async () => {
      const { simulate, simulateHelp, simulateOptions } = await import('./simulator/command.ts')
      return command(simulateHelp, simulateOptions, values =>
        untilSignal(signal => simulate(values, { out: process.stdout, signal })),
      )
    },
    demo: async () => {
      const { demo } = await import('./demo.ts')
      return command(DEMO_HELP, { once: { type: 'boolean' } } as const, ({ once = false }) =>
        untilSignal(signal => demo({ out: process.stdout, once, signal })),
      )
    },
  }),
)

type Run = (args: string[]) => Promise<void>

/** Runs one command; `args` without the program's name. Sets the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: string[]): Promise<void> {
  const [name = '--help', ...rest] = args
  const load = commands.get(name)
  if (name === '--help' || name === '-h') process.stdout.write(HELP)
  else if (load) await (await load())(rest)
  else fail(`There is no command "${name}".\n\n${HELP}`, 2)
}

function command<O extends ParseArgsOptionsConfig>(
  help: string,
  options: O,
  run: (values: ReturnType<typeof parseArgs<{ options: O }>>['values']) => Promise<void>,
): Run {
  return async (args: string[]) => {
    try {
      if (args.includes('--help') || args.includes('-h')) process.stdout.write(help)
      else await run(parseArgs({ args, options }).values)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      const isUsage = code.startsWith('ERR_PARSE_ARGS')
      if (isUsage) fail(`${message}\n\n${help}`, 2)
      else fail(message, 1)
    }
  }
}

function complainOf(error: Error): void {
  complain(`${error.message}; trying again`)
}

function fail(message: string, status: 1 | 2): void {
  complain(message)
  process.exitCode = status
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

async function adminAddress({ url }: { url?: string | undefined }): Promise<AdminAddress> {
  const { loadAdminAddress } = await import('./config.ts')
  const configured = await loadAdminAddress()
  if (url !== undefined && !/^https?:\/\/[^/]/.test(url))
    throw new ConfigError(`--url must begin with http:// or https:// (it is "${url}")`)
  return { ...configured, ...(url !== undefined && { url }) }
}

function asSeq(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value))
    throw new ConfigError(`--seq must be the number of a dead letter (it is "${value}")`)
  return Number(value)
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
