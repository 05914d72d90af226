import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, statSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Owner } from '../brokers/owner.ts'

/** A small disk: a file system of its own, in a file, that can be filled and can break. */
export type Volume = {
  /** Where it is mounted. Only its owner may look into it. */
  path: string
  /** Leaves so many bytes free. */
  fill: (left: number) => void
  /** Takes away what filled it. */
  empty: () => void
  /** The kernel finds an error and makes it read-only at once, whoever has files open; what was not synced is lost. */
  breakDown: () => void
  /** Mounts it anew, read-only or not, once nobody has files open. */
  remount: (options?: { readOnly?: boolean }) => void
}

/** The embedded store keeps 64 MiB free, and a ballast of 16 MiB. */
const SIZE = 256 * 1024 * 1024
/** What it may need for itself, to note what it has. */
const LITTLE = 1024 * 1024

/** Whether this machine lets us mount. Throws why not. */
export function assertVolumes(owner: Owner, folder: string): void {
  const volume = makeVolume(owner, folder, 'probe')
  volume.breakDown()
  volume.remount()
}

/** Makes an ext4 in a file of `folder` and mounts it beside it, until the end of its owner. Needs root and loop devices. */
export function makeVolume(owner: Owner, folder: string, name: string): Volume {
  const image = join(folder, `${name}.img`)
  const path = join(folder, name)
  const filler = join(path, 'filler')
  writeFileSync(image, '')
  truncateSync(image, SIZE)
  run('mkfs.ext4', '-q', '-F', '-m', '0', image)
  mkdirSync(path)
  mount()
  owner.teardown(() => {
    run('umount', path)
    rmSync(image)
  })

  function mount(): void {
    run('mount', '-o', 'loop,errors=remount-ro', image, path)
    chmodSync(path, 0o700)
  }

  /** Nothing may be written where it should be mounted and is not: that is the machine's own disk. */
  function assertMounted(): void {
    if (statSync(path).dev === statSync(folder).dev) throw new Error(`nothing is mounted at ${path}`)
  }

  return {
    path,
    fill(left) {
      assertMounted()
      const { bavail, bsize } = statfsSync(path)
      const bytes = Math.max(0, bavail * bsize - left)
      // It may need some of that to note what it has: then it ends where there is no more, which is as full as can be.
      const { status } = spawnSync('fallocate', ['-l', String(Math.max(1, bytes)), filler])
      if (status !== 0 && left >= LITTLE) throw new Error(`fallocate ended with ${status}`)
    },
    empty: () => rmSync(filler, { force: true }),
    breakDown() {
      assertMounted()
      const device = run('findmnt', '-n', '-o', 'SOURCE', path).trim()
      writeFileSync(join('/sys/fs/ext4', basename(device), 'trigger_fs_error'), 'on purpose')
    },
    remount({ readOnly = false } = {}) {
      run('umount', path)
      // What the kernel has marked as broken is looked at first, as an operator would.
      const { status } = spawnSync('fsck.ext4', ['-p', image])
      if (status !== 0 && status !== 1) throw new Error(`fsck.ext4 ended with ${status}`)
      mount()
      // That it was taken away may have been lost with what was not synced.
      rmSync(filler, { force: true })
      if (readOnly) run('mount', '-o', 'remount,ro', path)
    },
  }
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
