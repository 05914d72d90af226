import { execFileSync } from 'node:child_process'
import { chownSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import type { Owner } from './owner.ts'
import { launch, type Server } from './server.ts'
import { untilStopped } from './stopped.ts'

/** Whom to connect as, and to which database. */
export const POSTGRES = { user: 'postgres', password: 'only-for-tests', database: 'postgres' }

const SETPRIV = 'setpriv'
const AS_POSTGRES = ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--']

/** A PostgreSQL that asks for the password. It runs as the user postgres where the test runs as root, which it refuses. */
export async function startPostgres(t: Owner): Promise<Server | null> {
  const [bin] = globSync('/usr/lib/postgresql/*/bin')
  const inBin = (name: string): string => (bin === undefined ? name : join(bin, name))
  let data = ''
  const server = await launch(t, {
    name: 'postgres',
    program: bin !== undefined && isRoot() ? SETPRIV : inBin('postgres'),
    async prepare({ folder }) {
      data = join(folder, 'data')
      const passwordFile = join(folder, 'password')
      writeFileSync(passwordFile, POSTGRES.password)
      chownToPostgres(folder, passwordFile)
      const args = ['-D', data, '-U', POSTGRES.user, '-A', 'scram-sha-256', '--no-sync', '-E', 'UTF8']
      args.push(`--pwfile=${passwordFile}`)
      if (isRoot()) execFileSync(SETPRIV, [...AS_POSTGRES, inBin('initdb'), ...args], { cwd: folder })
      else execFileSync(inBin('initdb'), args, { cwd: folder })
    },
    args({ port }) {
      const args = ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-c', 'unix_socket_directories=']
      return isRoot() ? [...AS_POSTGRES, inBin('postgres'), ...args] : args
    },
    async ready(at) {
      const client = new Client({ ...POSTGRES, ...at })
      // The server may end the connection at any time.
      client.on('error', () => {})
      try {
        await client.connect()
      } finally {
        await client.end()
      }
    },
  })
  if (server === null || server.process === null) return server
  // Its processes are in groups of their own.
  const all = (signal: NodeJS.Signals): void => processes(data).forEach(pid => trySignal(pid, signal))
  const { process: started } = server
  return {
    ...server,
    process: {
      ...started,
      async kill(signal = 'SIGKILL') {
        all(signal)
        await started.kill(signal)
      },
      pause() {
        all('SIGSTOP')
        untilStopped(processes(data))
      },
      resume: () => all('SIGCONT'),
    },
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Gives files to the user that the server runs as. */
export function chownToPostgres(...paths: string[]): void {
  if (!isRoot()) return
  const [uid, gid] = ['-u', '-g'].map(flag => Number(execFileSync('id', [flag, 'postgres'])))
  for (const path of paths) chownSync(path, uid ?? 0, gid ?? 0)
}

/** The server's own process, and those that it started. */
function processes(data: string): number[] {
  const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  const children = globSync(`/proc/${pid}/task/*/children`).flatMap(file =>
    readFileSync(file, 'utf8').split(' '),
  )
  return [pid, ...children.filter(child => child !== '').map(Number)]
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
