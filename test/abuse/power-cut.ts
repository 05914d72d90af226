import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Call } from './strace.ts'

/** What a disk loses or keeps of a write as a whole. */
const SECTOR = 512

type Change = { place: number; apply: (content: Buffer, keeps: () => boolean) => Buffer }
/** A file: what is surely on the disk, and what was done to it since, in order. */
type Inode = { durable: Buffer; pending: Change[] }
/** A change of names in the folder. */
type Naming = { place: number; apply: (names: Map<string, Inode>) => void }

/** How a power cut treats what was not synced: what one sector, or one change of a name, comes to. */
export type Fate = { keepsSector: () => boolean; keepsName: () => boolean }

/**
 * A folder of a traced process as a disk that promises nothing but what POSIX does: what was written before a sync of the file began
 * is there once that has returned; names, after a sync of the folder. Everything else may be there, or not, or in part, in
 * whole sectors and in any order.
 */
export class TracedFolder {
  readonly #folder: string
  readonly #calls: readonly Call[]
  #next = 0
  readonly #names = new Map<string, Inode>()
  readonly #durableNames = new Map<string, Inode>()
  #namings: Naming[] = []

  constructor(folder: string, calls: readonly Call[]) {
    this.#folder = folder
    // By when they were over: what had not ended by a moment may have done anything of what it does.
    this.#calls = calls.toSorted((one, other) => one.ended - other.ended)
  }

  /** Goes on to a place in the trace. */
  advance(place: number): void {
    for (let call = this.#calls[this.#next]; call !== undefined && call.ended <= place;) {
      this.#play(call)
      call = this.#calls[++this.#next]
    }
  }

  /** Writes the files as a power cut at the place that was reached may leave them. */
  cut(target: string, { keepsSector, keepsName }: Fate): void {
    mkdirSync(target, { recursive: true, mode: 0o700 })
    const names = new Map(this.#durableNames)
    for (const { apply } of this.#namings) if (keepsName()) apply(names)
    for (const [name, { durable, pending }] of names) {
      const content = pending.reduce((before, { apply }) => apply(before, keepsSector), durable)
      writeFileSync(join(target, name), content, { mode: 0o600 })
    }
  }

  #play(call: Call): void {
    const { name, path = '', rest, texts, result, begun, ended } = call
    if (result < 0) return
    if (name === 'fsync' || name === 'fdatasync') {
      if (path === this.#folder) this.#syncNames(begun)
      else this.#sync(this.#inode(path), begun)
    } else if (name === 'pwrite64') {
      const [text = Buffer.alloc(0)] = texts
      const offset = Number(/(\d+)$/.exec(rest)?.[1])
      this.#change(path, ended, (content, keeps) => written(content, text.subarray(0, result), offset, keeps))
    } else if (name === 'ftruncate') {
      const size = Number(/(\d+)$/.exec(rest)?.[1])
      this.#change(path, ended, (content, keeps) => (keeps() ? resized(content, size) : content))
    } else if (name === 'openat' && rest.includes('O_CREAT')) this.#create(call)
    else if (name === 'unlink') this.#unlink(String(texts[0]), ended)
    else if (this.#isOurs(path) || texts.some(text => this.#isOurs(String(text)))) this.#refuse(call)
  }

  /** What is not known here must not be passed over. */
  #refuse({ name, rest }: Call): void {
    if (!['close', 'openat', 'mkdir'].includes(name)) throw new Error(`${name} is not replayed: ${rest}`)
  }

  #isOurs(path: string): boolean {
    return dirname(path) === this.#folder
  }

  #inode(path: string): Inode | undefined {
    return this.#isOurs(path) ? this.#names.get(basename(path)) : undefined
  }

  #change(path: string, place: number, apply: Change['apply']): void {
    this.#inode(path)?.pending.push({ place, apply })
  }

  #create({ opened = '', ended }: Call): void {
    const name = basename(opened)
    if (!this.#isOurs(opened) || this.#names.has(name)) return
    const inode: Inode = { durable: Buffer.alloc(0), pending: [] }
    this.#names.set(name, inode)
    this.#namings.push({ place: ended, apply: names => void names.set(name, inode) })
  }

  #unlink(path: string, place: number): void {
    if (!this.#isOurs(path)) return
    const name = basename(path)
    this.#names.delete(name)
    this.#namings.push({ place, apply: names => void names.delete(name) })
  }

  #sync(inode: Inode | undefined, begun: number): void {
    if (inode === undefined) return
    const isDone = ({ place }: Change) => place < begun
    inode.durable = inode.pending
      .filter(isDone)
      .reduce((before, { apply }) => apply(before, () => true), inode.durable)
    inode.pending = inode.pending.filter(change => !isDone(change))
  }

  #syncNames(begun: number): void {
    const isDone = ({ place }: Naming) => place < begun
    for (const { apply } of this.#namings.filter(isDone)) apply(this.#durableNames)
    this.#namings = this.#namings.filter(naming => !isDone(naming))
  }
}

function resized(content: Buffer, size: number): Buffer {
  return Buffer.concat([content.subarray(0, size), Buffer.alloc(Math.max(0, size - content.length))])
}

/** The content with those sectors of a text that are kept. */
function written(content: Buffer, text: Buffer, offset: number, keeps: () => boolean): Buffer {
  const changed = Buffer.from(resized(content, Math.max(content.length, offset + text.length)))
  let end = content.length
  for (let at = 0; at < text.length;) {
    const size = Math.min(SECTOR - ((offset + at) % SECTOR), text.length - at)
    if (keeps()) {
      text.copy(changed, offset + at, at, at + size)
      end = Math.max(end, offset + at + size)
    }
    at += size
  }
  // The file is as long as the last of what is kept makes it.
  return changed.subarray(0, end)
}
