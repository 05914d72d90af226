import { constants } from 'node:fs'
import { access as isAccessible, lstat, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ok, warning, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

/** `holdsState`: the secret is kept in it too. `uid`: the effective user who looks; undefined where there are none; `access` as that of Node. */
type DataDirOptions = {
  holdsState: boolean
  uid?: number | undefined
  access?: (path: string, mode: number) => Promise<void>
}

/** Whether the service can keep its data in this directory, for itself alone, and get it on the disk. */
export async function checkDataDir(
  directory: string,
  { holdsState, uid = process.geteuid?.(), access = isAccessible }: DataDirOptions,
): Promise<Finding> {
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) {
    if (found.code !== 'ENOENT') return wrong(`${directory}: ${reasonOf(found)}`, 'check DATA_DIR')
    return checkParent(directory, access)
  }
  if (!found.isDirectory()) return wrong(`${directory} is not a directory`, 'check DATA_DIR')
  const exposed = await checkModes(directory, holdsState)
  if (exposed?.status === 'wrong') return exposed
  const reason = await writeSynced(directory)
  if (reason !== undefined)
    return wrong(
      `${directory} cannot be written to disk: ${reason}`,
      'give it to the user of the service (chown), mount it writable, and make room on its disk',
    )
  if (uid !== undefined && uid !== found.uid)
    return warning(
      `${directory} belongs to user ${found.uid}, and this is user ${uid}`,
      'run this as the user of the service, or give the directory to that user (chown)',
    )
  return exposed ?? ok(`${directory} can be written and synced`)
}

/** The service makes what is missing. */
async function checkParent(
  directory: string,
  access: NonNullable<DataDirOptions['access']>,
): Promise<Finding> {
  let parent = directory
  do {
    if (await exists(parent, lstat))
      return wrong(`${parent} is a link to nothing`, 'make what it points to, or check DATA_DIR')
    parent = dirname(parent)
  } while (!(await exists(parent)))
  try {
    await access(parent, constants.W_OK | constants.X_OK)
    return ok(`${directory} does not exist yet: the service makes it at its start`)
  } catch (error) {
    const detail = `${directory} does not exist, and cannot be made in ${parent}: ${reasonOf(error)}`
    return wrong(detail, 'make it, and give it to the user of the service (chown), or check DATA_DIR')
  }
}

async function exists(path: string, look: (path: string) => Promise<unknown> = stat): Promise<boolean> {
  return look(path).then(
    () => true,
    () => false,
  )
}

/** What in it others may read or write, undefined when nothing: the service refuses a state that they may, and no queue. */
async function checkModes(directory: string, holdsState: boolean): Promise<Finding | undefined> {
  const names = await readdir(directory).catch(() => [])
  const files = names.filter(name => name.includes('.sqlite'))
  const state = holdsState ? ['', ...files.filter(name => name.startsWith('state.sqlite'))] : []
  const exposed = async (name: string) => isExposed(join(directory, name))
  for (const name of state) {
    const mode = await exposed(name)
    if (mode === undefined) continue
    const [detail, advice] = told(join(directory, name), mode, name === '' ? '700' : '600')
    return wrong(
      detail,
      name === '' ? `name a directory in DATA_DIR that is the service's alone, or ${advice}` : advice,
    )
  }
  for (const name of files) {
    const mode = await exposed(name)
    if (mode !== undefined) return warning(...told(join(directory, name), mode, '600'))
  }
  return undefined
}

/** Its mode when others may reach it. */
async function isExposed(path: string): Promise<string | undefined> {
  // What is gone meanwhile is out of reach.
  const { mode } = await lstat(path).catch(() => ({ mode: 0 }))
  return (mode & 0o077) === 0 ? undefined : (mode & 0o777).toString(8)
}

function told(path: string, mode: string, wanted: string): [detail: string, advice: string] {
  return [`others can reach ${path} (mode ${mode})`, `run chmod ${wanted} ${path}`]
}

/** Why a file cannot be written and synced there; undefined when it can. It is removed again. */
async function writeSynced(directory: string): Promise<string | undefined> {
  const path = join(directory, `.doctor-${process.pid}`)
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.write('doctor')
      await file.sync()
    } finally {
      await file.close()
      await rm(path, { force: true })
    }
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}
