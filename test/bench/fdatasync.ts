import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'

/** How often a second the disk syncs 4 KiB that were appended: `fdatasync.ts FILE SECONDS` prints it. */
const [file = '', seconds = ''] = process.argv.slice(2)
const page = Buffer.alloc(4_096, 'x')
const handle = openSync(file, 'w')
const started = performance.now()
let count = 0
while (performance.now() - started < Number(seconds) * 1_000) {
  writeSync(handle, page)
  fdatasyncSync(handle)
  count++
}
const elapsed = performance.now() - started
closeSync(handle)
console.log(Math.round(count / (elapsed / 1_000)))
