import { readFileSync } from 'node:fs'
import { ok, skipped, warning, wrong, type Finding } from './finding.ts'

const NODE = 24
/** One for each waiting request, and for what the service has open itself. */
const FILES = 4096

/** Whether this Node can run the service. */
export function checkNode(version: string = process.versions.node): Finding {
  const major = Number(version.split('.', 1)[0])
  if (major >= NODE) return ok(version)
  return wrong(`${version} is too old`, `run it by \`npm start\`, or with Node ${NODE} or newer`)
}

/** Whether as many files and connections may be open as the service needs; what counts is the limit that it runs with. */
export function checkOpenFiles(limits = '/proc/self/limits'): Finding {
  const text = read(limits)
  const [, soft] = /^Max open files\s+(\S+)/m.exec(text ?? '') ?? []
  if (soft === undefined) return skipped('this system does not tell its limits')
  if (soft === 'unlimited' || Number(soft) >= FILES) return ok(`${soft} may be open`)
  return warning(
    `only ${soft} may be open`,
    `allow ${FILES} or more where the service is started: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker`,
  )
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
