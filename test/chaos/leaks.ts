import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What a process holds: open files, sockets, other descriptors (pipes, and those of each thread's event loop), and memory in MB. */
export type Holding = { files: number; sockets: number; others: number; memory: number; children: number }

/** More of them than when it had just begun are a leak. */
const MORE_FILES = 4
/** SQS is asked over up to 16 connections at a time, which are kept. */
const MORE_SOCKETS = 20
/** A thread more brings at least three. */
const MORE_OTHERS = 4
/** What the service takes at most while it drains as fast as it can (docs/spool.md), and a little more, in MB. */
const MOST_MEMORY = 600

/** As Linux's /proc shows it. */
export function holdingOf(pid: number): Holding {
  const links = readdirSync(`/proc/${pid}/fd`).map(fd => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return {
    files: links.filter(link => link.startsWith('/') && !link.startsWith('/dev/')).length,
    sockets: links.filter(link => link.startsWith('socket:')).length,
    others: links.filter(link => /^(?:pipe|anon_inode):/.test(link)).length,
    memory: Math.round(Number(kilobytes) / 1024),
    children: children === '' ? 0 : children.split(' ').length,
  }
}

/** What a process holds too much of, in words. `before` is what it, or one like it, held when it had just begun. */
export function leaksOf(before: Holding, after: Holding): string[] {
  const found: string[] = []
  if (after.files > before.files + MORE_FILES)
    found.push(`${after.files} files, ${before.files} at the start`)
  if (after.sockets > before.sockets + MORE_SOCKETS)
    found.push(`${after.sockets} sockets, ${before.sockets} at the start`)
  if (after.others > before.others + MORE_OTHERS)
    found.push(`${after.others} pipes and event loops, ${before.others} at the start`)
  if (after.children > before.children) found.push(`${after.children} processes`)
  if (after.memory > MOST_MEMORY) found.push(`${after.memory} MB of memory`)
  return found
}

/** Files in the service's folder that nobody knows. */
export function strayFiles(dataDir: string): string[] {
  const known = /^(?:jelou-events-.*|chaos-.*|state)\.sqlite(?:-wal|-shm|-journal|\.lock|\.ballast)?$/
  return readdirSync(dataDir).filter(name => !known.test(name))
}
