import type { Command, ExitStatus, Terminal } from './commands/command.ts'
import { UsageError } from './errors.ts'
import { VERSION } from './version.ts'

/** What the help says of each command, and where its code is: help and clients need little of it, and start sooner. */
export const COMMANDS: ReadonlyMap<string, { summary: string; load: () => Promise<{ command: Command }> }> =
  new Map(
    Object.entries({
      serve: {
        summary: 'run the service, configured by the environment or .env',
        load: () => import('./commands/serve.ts'),
      },
      status: {
        summary: 'what the running service says of itself',
        load: () => import('./commands/status.ts'),
      },
      doctor: {
        summary: 'check everything that a wrong set-up gets wrong, and say what to do',
        load: () => import('./commands/doctor.ts'),
      },
      config: {
        summary: 'the configuration in force, and where each value comes from',
        load: () => import('./commands/config.ts'),
      },
      send: {
        summary: 'send one signed test event to the running service',
        load: () => import('./commands/send.ts'),
      },
      rejected: {
        summary: 'the last requests that the running service refused',
        load: () => import('./commands/rejected.ts'),
      },
      register: {
        summary: 'compare with Jelou now, and register what is missing',
        load: () => import('./commands/register.ts'),
      },
      rotate: {
        summary:
          'make Jelou sign with a new secret; events signed with the old one are still taken for a while',
        load: () => import('./commands/rotate.ts'),
      },
      unregister: {
        summary: 'make Jelou send nothing more, for good',
        load: () => import('./commands/unregister.ts'),
      },
      consume: {
        summary: 'print the events of the embedded queue, and acknowledge them',
        load: () => import('./commands/consume.ts'),
      },
      replay: {
        summary: 'send dead letters of the queue or the spool again',
        load: () => import('./commands/replay.ts'),
      },
      simulate: {
        summary: 'run a Jelou to develop against',
        load: () => import('./commands/simulate.ts'),
      },
      demo: {
        summary: 'simulator, receiver and consumer in one process; needs no account and no server',
        load: () => import('./commands/demo.ts'),
      },
    }),
  )

const HELP = `jelou-receiver: receives Jelou's webhook events, verifies them and puts them safely on a queue

${[...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(10)}  ${summary}\n`).join('')}
  COMMAND --help tells more, --version which this is; docs/cli.md tells all. Exit status: 0 done, 1 failed, 2 wrong usage.
`

/** Runs one command; `args` without the program's name. Sets the exit status: 0 done, 1 failed, 2 wrong usage. */
export async function main(args: string[]): Promise<void> {
  process.stdout.on('error', failOutput)
  const status = await run(args, { in: process.stdin, out: process.stdout, err: process.stderr })
  // Only then: a service that goes on by itself sets its own at its end.
  if (status !== 0) process.exitCode = status
}

/** A reader that has seen enough, such as `head`, closes its pipe, which is no failure; a full disk is one. */
function failOutput({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

/** Runs one command as `main` does; resolves with its exit status. */
export async function run(args: string[], terminal: Terminal): Promise<ExitStatus | 2> {
  const { out, err } = terminal
  const [name = '--help', ...rest] = args
  if (['--help', '-h', 'help'].includes(name)) return say(out, HELP, 0)
  if (name === '--version') return say(out, `${VERSION}\n`, 0)
  const known = COMMANDS.get(name)
  if (known === undefined) return say(err, `There is no command "${name}".\n\n${HELP}`, 2)
  const { command } = await known.load()
  const help = `${name}: ${known.summary}\n\n${command.help}`
  if (rest.includes('--help') || rest.includes('-h')) return say(out, help, 0)
  try {
    return await command.run(rest, terminal)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const isUsage = error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')
    return isUsage ? say(err, `${message}\n\n${help}`, 2) : say(err, `${message}\n`, 1)
  }
}

function say<S extends ExitStatus | 2>(stream: Terminal['out'], text: string, status: S): S {
  stream.write(text)
  return status
}
