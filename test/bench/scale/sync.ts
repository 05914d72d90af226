import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Waits until the disk has what was written below a folder, so that it does not do it beside what is measured. */
export async function syncFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = await open(join(entry.parentPath, entry.name), 'r+')
    await file.datasync()
    await file.close()
  }
}
