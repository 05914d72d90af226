import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeVariables } from '../../src/config.ts'
import * as errors from '../../src/errors.ts'
import { codeOf, commandsOf, parseDocument, readDocuments, ROOT, type Document } from './markdown.ts'

const documents = readDocuments()
const variables = new Set(describeVariables().map(({ name }) => name))
const codes = new Set<string>(Object.values(errors).map(Failure => new Failure().code))

/** What looks like a variable of the service and is none, with where it means something. */
const FOREIGN: [pattern: RegExp, whose: string][] = [
  [/^TEST_(?:CHROMIUM|(?:REDIS|RABBITMQ|NATS|POSTGRES|KAFKA|SQS)_ADDRESS)$/, 'the tests'],
  [/^REQUIRE_BROKERS$/, 'the tests'],
  [/^FC_(?:RUNS|SEED|PATH)$/, 'tests of properties: test/fixtures/property.ts'],
  [/^NO_COLOR$/, 'terminals, by convention: src/commands/table.ts'],
  [/^NODE_(COMPILE_CACHE|OPTIONS)$/, 'Node'],
  [/^NODE_IMAGE$/, 'an argument of the Dockerfile'],
  [/^AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY)$/, "Amazon's SDK"],
  [/^OTEL_EXPORTER_OTLP_TIMEOUT$/, 'the exporter itself'],
  [/^NATS_TOKEN$/, "the Secret of Kubernetes' manifests"],
  [/^LOCK_NEEDED$/, 'a constant of src/registration/pass.ts'],
]

const NAME = /(?<![\w$%.{-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])/g
const PATH = /(?<![\w./-])(?:src|test|docker|docs|\.ci)\/[\w./*-]*/g

/** The texts of a document in which names are those of the service. */
function textsOf(document: Document): string[] {
  return [...codeOf(document), ...commandsOf(document)]
}

function namesIn(document: Document): string[] {
  return textsOf(document).flatMap(text => text.match(NAME) ?? [])
}

function unknownNames(document: Document): string[] {
  return namesIn(document).filter(name =>
    name.startsWith('ERR_')
      ? !codes.has(name)
      : !variables.has(name) && !FOREIGN.some(([pattern]) => pattern.test(name)),
  )
}

function missingPaths(document: Document): string[] {
  const paths = textsOf(document).flatMap(text => text.match(PATH) ?? [])
  return paths.filter(path =>
    path.includes('*') ? globSync(path, { cwd: ROOT }).length === 0 : !existsSync(join(ROOT, path)),
  )
}

t.test('every variable and every code of an error that a document names is one', async t => {
  for (const document of documents) t.strictSame(unknownNames(document), [], document.path)
  const named = new Set(documents.flatMap(namesIn))
  t.ok(
    [...variables].every(name => !name.includes('_') || named.has(name)),
    'and each variable is named',
  )
  for (const [pattern, whose] of FOREIGN)
    t.ok(
      [...named].some(name => pattern.test(name)),
      `${whose}: still named`,
    )
})

t.test('no code is broken over two lines, where its names would not be found', async t => {
  for (const { path, prose } of documents) {
    const broken = prose.split('\n').filter(line => line.split('`').length % 2 === 0)
    t.strictSame(broken, [], path)
  }
})

t.test('every file and folder that a document names is there', async t => {
  for (const document of documents) t.strictSame(missingPaths(document), [], document.path)
  t.ok(documents.flatMap(textsOf).some(text => text.includes('src/')))
})

t.test('what is not there is found', async t => {
  const text =
    '`QUEUE_URI=x` `ERR_NONE` `src/none.ts` `node test/none/*.ts`\n```sh\nSPOOL_SIZE=1 npm start\n```\n'
  const document = parseDocument('new.md', text)
  t.strictSame(unknownNames(document), ['QUEUE_URI', 'ERR_NONE', 'SPOOL_SIZE'])
  t.strictSame(missingPaths(document), ['src/none.ts', 'test/none/*.ts'])
})

t.test('the file tree of the design has every file and room of src/', async t => {
  const design = readFileSync(join(ROOT, 'DESIGN.md'), 'utf8')
  const [, tree = ''] = /```\nsrc\/\n([^]*?)^test\//m.exec(design) ?? []
  const told = [...tree.matchAll(/^ {2}(\S+?)\/? +\S/gm)].map(([, name = '']) => name)
  t.strictSame(told.toSorted(), readdirSync(join(ROOT, 'src')).toSorted())
})
