import { posix } from 'node:path'

/** Source files by their path from the repository, such as `src/app.ts`. */
export type Sources = ReadonlyMap<string, string>

const MAX_LINES = 250

/** What each room may import besides its own files; a file, or every file under a folder. */
const ALLOWED: Record<string, readonly string[]> = {
  // Could be published alone.
  jelou: ['errors.ts'],
  state: ['errors.ts', 'missing-package.ts'],
  queue: ['errors.ts', 'missing-package.ts'],
  // It speaks to Jelou, and keeps the secret that comes of it.
  registration: ['errors.ts', 'jelou/', 'state/'],
  // It verifies by Jelou's signature and hands over what the queue's contract describes.
  webhook: [
    'errors.ts',
    'error-answer.ts',
    'refusals.ts',
    'network.ts',
    'secret-digest.ts',
    'jelou/',
    'queue/types.ts',
  ],
  // It tells what the listeners and the queue speak, and the schema of an event is Jelou's.
  description: ['version.ts', 'jelou/event-schema.ts', 'admin/document-api.ts'],
  // It shows the consuming side of the queue's contract, and what is on the queue.
  admin: [
    'errors.ts',
    'end-connections.ts',
    'error-answer.ts',
    'network.ts',
    'refusals.ts',
    'secret-digest.ts',
    'units.ts',
    'queue/types.ts',
    'description/queued-event.ts',
  ],
  // It is the other end of the same protocol: signature and schemas are Jelou's.
  simulator: ['errors.ts', 'network.ts', 'jelou/'],
}
/** A driver knows the contract, its own files, and no web framework. */
const DRIVERS = 'queue/drivers/'
const DRIVER_ALLOWED = [
  'errors.ts',
  'queue/types.ts',
  'queue/attributes.ts',
  'queue/settings.ts',
  'queue/backoff.ts',
  DRIVERS,
]
/** The only files that may know more than two rooms. */
const COMPOSERS = new Set(['app.ts', 'cli.ts'])

const SPECIFIERS = [
  /\bfrom\s*(['"])(.+?)\1/g,
  /\bimport\s*(['"])(.+?)\1/g,
  /\bimport\s*\(\s*(['"])(.+?)\1/g,
  /\brequire\s*\(\s*(['"])(.+?)\1/g,
  /\bimport\.meta\.resolve\(\s*(['"])(.+?)\1/g,
]
/** The entry of a worker: relative to its file even without a dot. */
const FILE_URL = /\bnew URL\(\s*(['"])(.+?)\1\s*,\s*import\.meta\.url/g
/** Those that nobody can follow: computed, or by another name. */
const UNREADABLE =
  /\b(?:import|require|import\.meta\.resolve)\s*\(\s*[^\s'")]|new URL\(\s*[^\s'"][^)]*import\.meta|new URL\(\s*[^'"\s]*`/
const ENVIRONMENT =
  /\bprocess\b\s*(?:\?\.|!)?\s*(?:\.\s*env\b|\[)|=\s*process\b\s*(?:[;\n)]|$)|['"](?:node:)?process['"]/
// In two parts, so that this file is none of those that it looks for.
const COVERAGE_IGNORE = new RegExp(['(?:c8|v8|istanbul|node:coverage)', '(?:ignore|disable)'].join('\\s+'))

/** Every break of the rules of the architecture, as `file: what`, in the order of the files. */
export function violations(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const found = anywhere(text)
    if (path.startsWith('src/') && /\.[jt]s$/.test(path))
      found.push(...inSource(path.slice('src/'.length), text))
    return found.map(problem => `${path}: ${problem}`)
  })
}

function anywhere(text: string): string[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return [
    ...(lines > MAX_LINES ? [`has more than ${MAX_LINES} lines`] : []),
    ...(COVERAGE_IGNORE.test(text) ? ['hides code from the coverage'] : []),
  ]
}

function inSource(file: string, text: string): string[] {
  const imports = importsOf(file, text)
  const own = imports.filter(({ isPackage }) => !isPackage).map(({ target }) => target)
  const room = roomOf(file)
  const problems = own
    .filter(target => room !== undefined && roomOf(target) !== room && !allows(ALLOWED[room] ?? [], target))
    .map(target => `${room}/ may not import ${target}`)
  if (file.startsWith(DRIVERS)) {
    problems.push(
      ...own
        .filter(target => !allows(DRIVER_ALLOWED, target))
        .map(target => `a driver may not import ${target}`),
      ...imports
        .filter(({ isPackage, target }) => isPackage && /^@?fastify\b(?!\/error$)/.test(target))
        .map(({ target }) => `a driver may not import ${target}`),
    )
  }
  const rooms = new Set(own.map(roomOf).filter(other => other !== undefined && other !== room))
  if (rooms.size > 2 && !COMPOSERS.has(file)) problems.push(`imports from ${rooms.size} rooms`)
  if (UNREADABLE.test(text)) problems.push('imports what cannot be read from its text')
  if (ENVIRONMENT.test(text) && file !== 'config.ts') problems.push('reads the environment')
  return problems
}

/** What a file imports: types, side effects, dynamic imports and the entries of workers too. */
function importsOf(file: string, text: string): { target: string; isPackage: boolean }[] {
  const found = (pattern: RegExp) => [...text.matchAll(pattern)].map(match => match[2] ?? '')
  const besides = (specifier: string) => posix.join(posix.dirname(file), specifier)
  return [
    ...found(FILE_URL).map(specifier => ({ isPackage: false, target: besides(specifier) })),
    ...SPECIFIERS.flatMap(found).map(specifier => {
      const isPackage = !/^[./#]|^file:/.test(specifier)
      return { isPackage, target: isPackage ? specifier : besides(specifier) }
    }),
  ]
}

/** The room that a file under src/ is in; undefined for those that stand beside the rooms. */
function roomOf(file: string): string | undefined {
  const [room, ...rest] = file.split('/')
  return rest.length > 0 ? room : undefined
}

function allows(allowed: readonly string[], target: string): boolean {
  return allowed.some(entry => (entry.endsWith('/') ? target.startsWith(entry) : target === entry))
}
