import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

/** What is asked of a file system. */
type FileSystem = { type: number; bavail: number; bsize: number }

const MIB = 1024 ** 2
/** Where the queue begins to refuse events, and where it is time to make room. */
const LEAST = 64 * MIB
const LITTLE = 1024 * MIB

/** Magic numbers of file systems over a network (statfs(2)): SQLite's locks and syncs cannot be relied on there. */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x01021997, '9p'],
])
const TMPFS = 0x01021994
const RAMFS = 0x858458f6

/** Whether the disk of this directory, or of where it will be, is local, lasting and has room. */
export async function checkDisk(
  directory: string,
  look: (path: string) => Promise<FileSystem> = statfs,
): Promise<Finding> {
  const found = await nearest(directory, look)
  if (typeof found === 'string') return skipped(found)
  const type = found.type >>> 0
  const network = NETWORK.get(type)
  if (network !== undefined)
    return wrong(
      `${directory} is on ${network}`,
      'put DATA_DIR on a local disk: over a network a sync is not sure',
    )
  const free = found.bavail * found.bsize
  const room = `${Math.floor(free / MIB)} MiB are free`
  if (free < LEAST) return wrong(`${room}: events are refused`, 'make room on the disk of DATA_DIR')
  if (type === TMPFS || type === RAMFS)
    return warning(
      `${directory} is in memory: a restart of the machine loses what is in it`,
      'put DATA_DIR on a disk',
    )
  return free < LITTLE ? warning(`only ${room}`, 'make room on the disk of DATA_DIR') : ok(room)
}

/** The file system of a path, or of the nearest directory above it that exists; why not, as a text. */
async function nearest(
  path: string,
  look: (path: string) => Promise<FileSystem>,
): Promise<FileSystem | string> {
  try {
    return await look(path)
  } catch (error) {
    const isMissing = reasonOf(error) === 'ENOENT' && dirname(path) !== path
    return isMissing ? nearest(dirname(path), look) : reasonOf(error)
  }
}
