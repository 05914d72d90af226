import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Engine } from './engine.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
/** What the builder is to have, or is to leave out by itself. */
const CONTEXT = [
  'Dockerfile',
  '.dockerignore',
  'package.json',
  'package-lock.json',
  'LICENSE',
  'src',
  'docker',
]
/** What stands in many a working copy and belongs in no image. */
const PLANTED = [
  '.env',
  '.git/config',
  '.npmrc',
  'src/.env',
  'data/state.sqlite',
  'test/a.test.ts',
  'node_modules/a/b.js',
]
const SYSTEM_CA = '/etc/ssl/certs/ca-certificates.crt'

/** Builds the image as `tag`. `sentinel` is in a secret of the build, and in files of the working copy that belong in no image. */
export async function build(
  engine: Engine,
  scratch: string,
  { tag, sentinel, args }: { tag: string; sentinel: string; args: Record<string, string> },
): Promise<void> {
  const context = join(scratch, 'context')
  for (const path of CONTEXT) await cp(join(ROOT, path), join(context, path), { recursive: true })
  for (const path of PLANTED) {
    await mkdir(dirname(join(context, path)), { recursive: true })
    await writeFile(join(context, path), sentinel)
  }
  await engine.call(
    'build',
    ...engine.buildOptions,
    ...(await secrets(scratch, sentinel)),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap(name =>
      process.env[name] ? ['--build-arg', name] : [],
    ),
    '--tag',
    tag,
    context,
  )
}

/** How npm reaches its registry on this machine, for the one step that needs it. */
async function secrets(scratch: string, sentinel: string): Promise<string[]> {
  const [own, registry, configured] = [
    await setting('userconfig'),
    await setting('registry'),
    await setting('cafile'),
  ]
  const authorities = [configured, process.env['NODE_EXTRA_CA_CERTS'] ?? '', SYSTEM_CA].find(path =>
    existsSync(path),
  )
  const lines = [
    existsSync(own) ? await readFile(own, 'utf8') : '',
    `registry=${registry}`,
    // The last one counts.
    ...(authorities ? ['cafile=/run/secrets/ca'] : []),
    `//sentinel.invalid/:_authToken=${sentinel}`,
  ]
  const npmrc = join(scratch, 'npmrc')
  await writeFile(npmrc, lines.join('\n'), { mode: 0o600 })
  return [
    '--secret',
    `id=npmrc,src=${npmrc}`,
    ...(authorities ? ['--secret', `id=ca,src=${authorities}`] : []),
  ]
}

async function setting(name: string): Promise<string> {
  const { stdout } = await run('npm', ['config', 'get', name])
  return stdout.trim()
}
