import { dirname } from 'node:path'
import type { Call } from './strace.ts'

const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2'])
const ANSWERS = new Set(['write', 'writev', 'sendto', 'sendmsg'])
const SYNCS = new Set(['fsync', 'fdatasync'])

/** An event of which something is to be found in a trace: `marker` is in its body alone, `id` in its answer. */
export type Traced = { marker: string; id: string }

/**
 * What was answered 200 although nothing shows that it was on the disk by then, in words; nothing when all is well. An
 * event is on the disk once a sync of the file that its bytes were written to has begun after that and ended well.
 */
export function unsynced(calls: readonly Call[], events: readonly Traced[], folder: string): string[] {
  return events.flatMap(({ marker, id }) => {
    const answer = calls.find(
      ({ name, texts }) => ANSWERS.has(name) && texts.some(text => isAnswer(text, id)),
    )
    if (answer === undefined) return [`${id} was not answered`]
    const written = calls.filter(
      ({ name, path = '', texts, ended, result }) =>
        WRITES.has(name) &&
        path.startsWith(`${folder}/`) &&
        ended < answer.begun &&
        result > 0 &&
        texts.some(text => text.includes(marker)),
    )
    if (written.length === 0) return [`${id} was written nowhere before it was answered`]
    const isSynced = written.some(({ path, ended }) => isSyncedBetween(calls, path, ended, answer.begun))
    return isSynced ? [] : [`${id} was answered before its file was synced`]
  })
}

/** What may be lost: the index of the log is made anew at each opening, the ballast is only room. */
const EXPENDABLE = /-shm$|\.ballast$/

/** The files in a folder, and the folder, that were made before the first answer, but whose names were not synced by then. */
export function unnamed(calls: readonly Call[], folder: string): string[] {
  const first = calls.find(({ name, texts }) => ANSWERS.has(name) && texts.some(text => isAnswer(text, '')))
  const before = calls.filter(({ ended }) => ended < (first?.begun ?? 0))
  const isGone = (path: string) =>
    before.some(({ name, texts }) => name === 'unlink' && String(texts[0]) === path)
  const made = new Map<string, number>()
  for (const call of before) {
    const path = madeBy(call)
    if (path?.startsWith(folder) && !made.has(path)) made.set(path, call.ended)
  }
  return [...made]
    .filter(([path]) => !EXPENDABLE.test(path) && !isGone(path))
    .filter(([path, ended]) => !isSyncedBetween(before, dirname(path), ended, Infinity))
    .map(([path]) => path)
}

/** The file or folder that a call may have made. */
function madeBy({ name, rest, opened, texts, result }: Call): string | undefined {
  if (name === 'openat' && rest.includes('O_CREAT')) return opened
  return name === 'mkdir' && result === 0 ? String(texts[0]) : undefined
}

function isSyncedBetween(
  calls: readonly Call[],
  path: string | undefined,
  from: number,
  until: number,
): boolean {
  return calls.some(
    call =>
      SYNCS.has(call.name) &&
      call.path === path &&
      call.begun > from &&
      call.ended < until &&
      call.result === 0,
  )
}

function isAnswer(text: Buffer, id: string): boolean {
  return text.includes('HTTP/1.1 200 ') && text.includes('"status":"') && text.includes(id)
}
