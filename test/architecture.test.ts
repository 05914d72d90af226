import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { violations } from './architecture/rules.ts'

const root = join(import.meta.dirname, '..')

function read(folder: string): [string, string][] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }): [string, string] => {
      const path = join(parentPath, name)
      return [path.slice(root.length + 1), readFileSync(path, 'utf8')]
    })
}

t.test('the code keeps to its architecture', async t => {
  const sources = new Map([...read('src'), ...read('test')])
  t.ok(sources.has('src/app.ts') && sources.has('src/queue/drivers/sqlite-worker.ts'))
  t.strictSame(violations(sources), [])
})

t.test('what would break a rule is found', async t => {
  const manyLines = 'x\n'.repeat(251)
  // In two parts, as in the rules.
  const ignore = ['/* c8', 'ignore next */'].join(' ')
  const rooms = `import '../state/a.ts'\nimport { b } from '../jelou/b.ts'\nimport '../errors.ts'`
  const composed = rooms.replaceAll('../', './') + `\nimport './queue/types.ts'`
  const cases: [file: string, text: string, ...problems: string[]][] = [
    ['src/jelou/a.ts', `import type { Config } from '../config.ts'`, 'jelou/ may not import config.ts'],
    ['src/jelou/a.ts', `import { units } from "../units.ts"`, 'jelou/ may not import units.ts'],
    ['src/jelou/a.ts', `export * from '../state/types.ts'`, 'jelou/ may not import state/types.ts'],
    ['src/jelou/a.ts', `type A = import('../app.ts').App`, 'jelou/ may not import app.ts'],
    ['src/jelou/a.ts', `import { x } from '../errors.ts'\nimport 'undici'\nimport './b.ts'`],
    ['src/state/a.ts', `import '../registration/kept.ts'`, 'state/ may not import registration/kept.ts'],
    ['src/registration/a.ts', rooms],
    ['src/registration/a.ts', `import('../queue/types.ts')`, 'registration/ may not import queue/types.ts'],
    ['src/webhook/a.ts', `import type {\n  A,\n} from '../queue/types.ts'`],
    ['src/webhook/a.ts', `import '../queue/drivers/a.ts'`, 'webhook/ may not import queue/drivers/a.ts'],
    ['src/webhook/a.ts', `await import('../admin/a.ts')`, 'webhook/ may not import admin/a.ts'],
    ['src/admin/a.ts', `import '../webhook/rejections.ts'`, 'admin/ may not import webhook/rejections.ts'],
    ['src/admin/a.ts', `import '../config.ts'`, 'admin/ may not import config.ts'],
    ['src/simulator/a.ts', `import '../webhook/plugin.ts'`, 'simulator/ may not import webhook/plugin.ts'],
    ['src/new-room/a.ts', `import '../jelou/event.ts'`, 'new-room/ may not import jelou/event.ts'],
    [
      'src/queue/a.ts',
      `new Worker(new URL('../webhook/worker.ts', import.meta.url))`,
      'queue/ may not import webhook/worker.ts',
    ],
    [
      'src/queue/drivers/a.ts',
      `new URL('a-worker.ts', import.meta.url)\nimport '../types.ts'\nimport 'pino'`,
    ],
    ['src/queue/drivers/a.ts', `import '../spool.ts'`, 'a driver may not import queue/spool.ts'],
    [
      'src/queue/drivers/a.ts',
      `import '../../webhook/gate.ts'`,
      'queue/ may not import webhook/gate.ts',
      'a driver may not import webhook/gate.ts',
    ],
    ['src/queue/drivers/a.ts', `import type { A } from 'fastify'`, 'a driver may not import fastify'],
    ['src/queue/drivers/a.ts', `import '@fastify/env'`, 'a driver may not import @fastify/env'],
    ['src/queue/drivers/a.ts', `import 'fastify-plugin'`, 'a driver may not import fastify-plugin'],
    ['src/tracing/a.ts', `import '../webhook/exchange.ts'\nimport '../queue/types.ts'`],
    ['src/tracing/a.ts', `import '../webhook/plugin.ts'`, 'tracing/ may not import webhook/plugin.ts'],
    ['src/tracing/a.ts', `import '@opentelemetry/api'`, 'loads @opentelemetry/api'],
    ['src/tracing/otel-a.ts', `import '@opentelemetry/api'\nimport './otel.ts'`],
    ['src/a.ts', `await import('@opentelemetry/api')`, 'loads @opentelemetry/api'],
    ['src/a.ts', `await import('./tracing/otel.ts')\nimport './tracing/tracer.ts'`],
    ['src/a.ts', `import type { A } from './tracing/otel.ts'`, 'loads tracing/otel.ts at once'],
    ['src/app.ts', composed],
    ['src/cli.ts', composed, 'imports from 3 rooms'],
    ['src/server.ts', composed, 'imports from 3 rooms'],
    ['src/server.ts', composed.replace(`'./state/a.ts'`, `'./jelou/a.ts'`)],
    ['src/config.ts', `load(process.env)`],
    ['src/app.ts', `load(process.env)`, 'reads the environment'],
    ['src/app.ts', `process['env']`, 'reads the environment'],
    ['src/main.js', `const { env } = process\n`, 'reads the environment'],
    ['src/app.ts', `import { env } from 'node:process'`, 'reads the environment'],
    ['src/app.ts', `process.argv\nprocess.exitCode = 1\nprocess.versions.node`],
    ['src/app.ts', `await import(name)`, 'imports what cannot be read from its text'],
    ['src/app.ts', 'await import(`./${name}.ts`)', 'imports what cannot be read from its text'],
    ['src/app.ts', `new URL(name, import.meta.url)`, 'imports what cannot be read from its text'],
    ['src/a.ts', manyLines, 'has more than 250 lines'],
    ['test/a/b.json', manyLines, 'has more than 250 lines'],
    ['test/a.ts', manyLines.slice(2)],
    ['src/a.ts', ignore, 'hides code from the coverage'],
    ['test/a.ts', ignore, 'hides code from the coverage'],
    ['test/a.ts', `import '../src/app.ts'\nprocess.env`],
    ['test/a.ts', ['t.', 'testdir()'].join(''), 'takes a directory that is removed before its teardowns'],
    ['test/fixtures/directory.ts', ['t.', 'testdir()'].join('')],
  ]
  for (const [file, text, ...problems] of cases) {
    const expected = problems.map(problem => `${file}: ${problem}`)
    t.strictSame(violations(new Map([[file, text]])), expected, `${file}: ${text.slice(0, 60)}`)
  }
})
