import { posix } from 'node:path'

/** Source files by their path from the repository, such as `src/app.ts`. */
export type Sources = ReadonlyMap<string, string>

const MAX_LINES = 250

/** What each room may import besides its own files; a file, or every file under a folder. */
const ALLOWED: Record<string, readonly string[]> = {
  // What both listeners do with HTTP itself, before any route.
  http: ['errors.ts', 'error-answer.ts'],
  // Could be published alone.
  jelou: ['errors.ts'],
  state: ['errors.ts', 'make-directory.ts', 'missing-package.ts'],
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
  // It is told of requests and of drained events, and reads the trace that a message takes along.
  tracing: ['queue/types.ts', 'queue/attributes.ts', 'webhook/exchange.ts'],
  // It shows the consuming side of the queue's contract, what is on the queue, and counts what the webhook tells of its exchanges.
  admin: [
    'errors.ts',
    'end-connections.ts',
    'error-answer.ts',
    'network.ts',
    'secret-digest.ts',
    'units.ts',
    'queue/types.ts',
    'refusals.ts',
    'description/queued-event.ts',
    'webhook/exchange.ts',
  ],
  // Commands compose, as the file of the program did before they became too many for it: what a command does is in the room
  // that knows it, and a command brings options, that and the printing together.
  commands: [
    'errors.ts',
    'config.ts',
    'early-end.ts',
    'server.ts',
    'demo.ts',
    'admin/',
    'simulator/',
    'doctor/',
  ],
  // It looks at everything that the service will use, each check in a file that knows no more than two rooms.
  doctor: [
    'errors.ts',
    'config.ts',
    'network.ts',
    'open-api.ts',
    'open-queue.ts',
    'open-state.ts',
    'admin/',
    'jelou/',
    'queue/',
    'registration/kept.ts',
    'state/',
  ],
  // It shows the service as the private listener tells of it, and counts what the webhook observes.
  page: [
    'errors.ts',
    'end-connections.ts',
    'error-answer.ts',
    'network.ts',
    'secret-digest.ts',
    'admin/status-answer.ts',
    'queue/types.ts',
    'webhook/exchange.ts',
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
  'queue/deadlines.ts',
  DRIVERS,
]
/** OpenTelemetry's SDK costs its time and memory only where something is recorded: these files are loaded then. */
const LAZY = 'tracing/otel'
/** The only file that may know more than two rooms. */
const COMPOSERS = new Set(['app.ts'])

/** Where tests have their directories from. */
const TEST_DIRECTORY = 'test/fixtures/directory.ts'

const DYNAMIC = /\bimport\s*\(\s*(['"])(.+?)\1/g
const SPECIFIERS = [
  /\bfrom\s*(['"])(.+?)\1/g,
  /\bimport\s*(['"])(.+?)\1/g,
  DYNAMIC,
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
    if (path.startsWith('test/') && path !== TEST_DIRECTORY && text.includes(['.', 'testdir('].join('')))
      found.push('takes a directory that is removed before its teardowns')
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
  if (!file.startsWith(LAZY)) {
    const packages = imports.filter(
      ({ isPackage, target }) => isPackage && target.startsWith('@opentelemetry/'),
    )
    problems.push(...packages.map(({ target }) => `loads ${target}`))
    const loaded = importsOf(file, text.replaceAll(DYNAMIC, '')).filter(({ target }) =>
      target.startsWith(LAZY),
    )
    problems.push(...loaded.map(({ target }) => `loads ${target} at once`))
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
