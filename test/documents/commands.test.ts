import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { COMMANDS } from '../../src/cli.ts'
import { codeOf, commandsOf, readDocuments, ROOT } from './markdown.ts'

/**
 * Each command of the documents' `sh` blocks: the file of a test, or of the continuous integration, that runs it, and a piece of
 * that file by which it does; or why nothing runs it.
 */
const RUN: Record<string, { file: string; by: string } | { reason: string }> = {
  'npm ci': { file: '.ci/run', by: 'npm ci && npm test' },
  'npm test': { file: '.ci/run', by: 'npm ci && npm test' },
  'npm ci && npm test': { file: '.ci/run', by: 'npm ci && npm test' },
  'npm run check': { file: 'package.json', by: '"test": "npm run -s check &&' },
  'npm ci && npm run demo': { file: 'test/cli.test.ts', by: "run(t, ['demo'])" },
  'npm run demo': { file: 'test/cli.test.ts', by: "run(t, ['demo'])" },
  'npm ci && npm start': { file: 'test/server.test.ts', by: "['serve']" },
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 npm start': {
    file: 'test/conformance/tracing.test.ts',
    by: 'OTEL_EXPORTER_OTLP_ENDPOINT',
  },
  'npx tap test/units.test.ts --disable-coverage': { file: 'test/run.ts', by: "tap('--disable-coverage'" },
  'npm run format': {
    reason: 'it writes over the files; that there is nothing to write is what `npm run check` sees',
  },
  'npm run docs': { file: 'test/documents.test.ts', by: 'npm run docs' },
  'npm run -s sbom > jelou-receiver.cdx.json': {
    file: 'test/docker/sbom.test.ts',
    by: "'node docker/sbom.ts'",
  },
  'npm audit --omit=dev': { reason: 'what it finds changes with what is known, not with the code' },
  'npm run screenshot': {
    file: 'test/page/chromium.test.ts',
    by: 'the pictures of the README can be taken anew',
  },
  'npm run bench': { file: 'test/bench/run.test.ts', by: 'As `npm run bench` does' },
  'npm run scale': { file: 'test/bench/scale/run.test.ts', by: 'As `npm run scale` does' },
  'npx node docker/test-image.ts': { file: '.ci/run', by: 'docker/test-image.ts' },
  'docker build --tag jelou-receiver .': { file: 'docker/image/build.ts', by: "'build'" },
  'docker compose up': { file: 'docker/image/compose.ts', by: 'docker compose up' },
  'kubectl apply --kustomize .': {
    reason:
      'there is no cluster; test/docker/deploy.test.ts has kubectl build the folder, and test/docker/ reads the manifests',
  },
  'node src/main.js doctor': { file: 'test/conformance/doctor.test.ts', by: "'doctor'" },
  'node src/main.js status': { file: 'test/cli.test.ts', by: "run(t, ['status'," },
  'node src/main.js rejected': { file: 'test/conformance/commands.test.ts', by: "['rejected']" },
  'mkdir -p -m 700 backup': { file: 'test/operations.test.ts', by: "block('VACUUM INTO')" },
  'chmod 600 backup/state.sqlite': { file: 'test/operations.test.ts', by: "block('VACUUM INTO')" },
  'openssl rand -base64 32': { file: 'test/operations.test.ts', by: "block('openssl')" },
}

/** The same for those that are long, by how they begin. */
const RUN_LONG: typeof RUN = {
  'curl -s http://127.0.0.1:3001/queue/receive': {
    file: 'test/readme.test.ts',
    by: "block('sh', '/queue/receive')",
  },
  'curl -s http://127.0.0.1:3001/queue/ack': {
    file: 'test/readme.test.ts',
    by: "block('sh', '/queue/receive')",
  },
  "node -e \"new (require('node:sqlite').DatabaseSync)": {
    file: 'test/operations.test.ts',
    by: "block('VACUUM INTO')",
  },
  'npm run chaos -- --seed 1': { file: '.ci/run', by: 'test/chaos/run.ts --seed 1' },
  'docker run --detach --name jelou-receiver': {
    reason:
      'it leaves a container behind; test/docker/deploy.test.ts compares its options with those that docker/test-image.ts runs',
  },
  'kubectl --namespace jelou create secret': {
    reason: 'there is no cluster; test/docker/deploy.test.ts compares its keys with what the manifests read',
  },
}

const documents = readDocuments()
const commands = new Set(documents.flatMap(commandsOf))

function entryOf(command: string): string | undefined {
  return command in RUN ? command : Object.keys(RUN_LONG).find(begin => command.startsWith(begin))
}

t.test('every command of the documents is run by a test or CI, or it is said why not', async t => {
  t.ok(commands.size > 15)
  t.strictSame(
    [...commands].filter(command => entryOf(command) === undefined),
    [],
  )
})

t.test('the list has no command that no document has, and what runs one does', async t => {
  const used = new Set([...commands].map(entryOf))
  for (const [command, run] of Object.entries({ ...RUN, ...RUN_LONG })) {
    t.ok(used.has(command), command)
    if ('file' in run) {
      const file = join(ROOT, run.file)
      t.ok(existsSync(file) && readFileSync(file, 'utf8').includes(run.by), `${command}: ${run.file}`)
    }
  }
})

t.test('every command of the program and of npm that a document names is one', async t => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const named = documents.flatMap(document =>
    [...codeOf(document), ...commandsOf(document)].map(text => ({ text, path: document.path })),
  )
  const program = named.flatMap(({ text, path }) =>
    [...text.matchAll(/node src\/main\.js ([a-z]+)/g)].map(([, name = '']) => ({ name, path })),
  )
  t.ok(program.length > 10)
  for (const { name, path } of program) t.ok(COMMANDS.has(name), `${path}: ${name}`)
  const npm = named.flatMap(({ text, path }) =>
    [...text.matchAll(/npm run (?:-s )?([a-z]+)/g)].map(([, name = '']) => ({ name, path })),
  )
  t.ok(npm.length > 5)
  for (const { name, path } of npm) t.ok(name in scripts, `${path}: npm run ${name}`)
})
