import { execFile } from 'node:child_process'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Engine, succeeds } from './engine.ts'

const run = promisify(execFile)
/** The base of the Dockerfile. */
export const BASE = 'docker.io/library/node:24-bookworm-slim'
/** As the real image has them. */
const CONFIG = ['ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'CMD ["node"]']
/** What the real image, a slim one, does without. */
const LEFT_OUT = [
  'usr/share/doc',
  'usr/share/locale',
  'usr/share/man',
  'usr/share/info',
  'var/log',
  'var/cache/apt',
  'var/lib/apt/lists',
]

/**
 * Sees to it that the engine has the base of the Dockerfile, and tells where it is from: the engine's own, pulled, or,
 * where no registry can be reached, made here of Debian's packages and this very Node. Undefined when none can be had.
 */
export async function provideBase(engine: Engine, scratch: string): Promise<string | undefined> {
  if (await works(engine.call('image', 'inspect', BASE))) return 'was there'
  if (await works(engine.call('pull', '--quiet', BASE))) return 'was pulled'
  if (process.getuid?.() !== 0 || !succeeds('debootstrap', ['--version'])) return undefined
  const cached = await baseArchive(scratch)
  await engine.call('import', ...CONFIG.flatMap(change => ['--change', change]), cached, BASE)
  return `was made by debootstrap with Node ${process.versions.node}`
}

/** The base's file system as a tar archive, made once and kept in the cache of this user. */
async function baseArchive(scratch: string): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const archive = join(cache, 'jelou-receiver', `bookworm-node-${process.versions.node}-${process.arch}.tar`)
  if (await works(stat(archive))) return archive
  const root = join(scratch, 'base')
  await run('debootstrap', ['--variant=minbase', 'bookworm', root], { maxBuffer: 64 * 1024 * 1024 })
  await run('npm', ['install', '--global', '--prefix', join(root, 'usr/local'), 'npm@11'])
  // The project's own Node, which came with `npm ci`.
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
  await run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', '--shell', '/bin/bash', 'node'])
  for (const path of LEFT_OUT) await rm(join(root, path), { recursive: true, force: true })
  await mkdir(dirname(archive), { recursive: true })
  // Beside its place first, so that one that is cut off leaves nothing that looks whole.
  const partial = `${archive}.${process.pid}`
  await run('tar', ['-C', root, '-cf', partial, '.'])
  await rename(partial, archive)
  await rm(root, { recursive: true })
  return archive
}

async function works(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  )
}
