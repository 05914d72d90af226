import { Validator } from '@seriousme/openapi-schema-validator'
import t from 'tap'
import { freePort } from '../brokers/server.ts'
import { exchange } from './checker.ts'
import { startService } from './service.ts'

// Every test has a service of its own, which takes a while to start on a busy machine.
t.setTimeout(120_000)

/** The page and what belongs to it: no program calls them. */
const HIDDEN = /^GET \/$|^GET \/events$|^POST \/redrive$|^GET \/assets\//

const SECRETS = { JELOU_API_KEY: 'private-key', WEBHOOK_AUTHORIZATION: 'private-token' }

t.test('both documents are OpenAPI 3.1, and describe every route that there is', async t => {
  const { app, document } = await startService(t, SECRETS, { registered: false })
  for (const [listener, path] of [
    [app.public, '/openapi/public.json'],
    [app.admin, '/openapi/private.json'],
  ] as const) {
    const served = await document(path)
    t.match(served, { openapi: '3.1.0' })
    const { valid, errors } = await new Validator().validate({ ...served })
    t.ok(valid, `${path} ${JSON.stringify(errors)}`)

    const operations = Object.entries(served.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        ...operation,
      })),
    )
    t.same(
      operations.map(({ name }) => name).toSorted(),
      routesOf(listener.printRoutes(TREE))
        .filter(name => !HIDDEN.test(name))
        .toSorted(),
    )
    for (const { name, ...operation } of operations)
      t.match(operation, { operationId: /^[a-z][A-Za-z]+$/, summary: /^[A-Z].+[^.]$/, tags: [String] }, name)
    const ids = operations.map(({ operationId }) => operationId)
    t.equal(new Set(ids).size, ids.length, 'each operation has an id of its own')
    t.notMatch(JSON.stringify(served), /Default Response|private-/)
  }
})

t.test('with a broker there is no consumer API to describe', async t => {
  const environment = { QUEUE_URL: `redis://127.0.0.1:${await freePort()}`, SHUTDOWN_TIMEOUT: '2s' }
  const { document } = await startService(t, environment)
  const { paths } = await document('/openapi/private.json')
  t.same(
    Object.keys(paths)
      .filter(path => path.startsWith('/queue'))
      .toSorted(),
    ['/queue/dead', '/queue/dead/redrive', '/queue/stats'],
  )
  const { valid } = await new Validator().validate({ ...(await document('/openapi/private.json')) })
  t.ok(valid)
})

t.test('the public listener serves none of the descriptions', async t => {
  const { publicUrl } = await startService(t, SECRETS, { registered: false })
  for (const path of [
    '/openapi/public.json',
    '/openapi/private.json',
    '/asyncapi.json',
    '/schemas/event.json',
  ])
    t.equal((await exchange(publicUrl, 'GET', path)).status, 404, path)
})

const TREE = { commonPrefix: false }

/** The routes in Fastify's picture of them, as `GET /path`: each line goes on where the one above it that is less deep ends. */
function routesOf(tree: string): string[] {
  const above: string[] = []
  return tree.split('\n').flatMap(line => {
    const [, indent, part, methods] = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? []
    if (indent === undefined || part === undefined) return []
    above.splice(indent.length / 4, Infinity, part)
    return (methods?.split(', ') ?? []).map(method => `${method} ${above.join('')}`)
  })
}
