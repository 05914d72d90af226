import { join } from 'node:path'
import t from 'tap'
import { openState } from '../../src/state/open.ts'
import { freePort } from '../brokers/server.ts'
import { testDirectory } from '../fixtures/directory.ts'

const options = {
  directory: '',
  projectId: 'p',
  tls: {},
  timeout: 5000,
  log: { info() {}, warn() {} },
}

void t.test('sqlite: is a file in the directory', async t => {
  const directory = join(testDirectory(t), 'data')
  for (const url of ['sqlite:', new URL('sqlite:')] as const) {
    const backend = await openState({ ...options, url, directory })
    t.equal(backend.location, join(directory, 'state.sqlite'))
    await backend.close()
  }
})

void t.test('every scheme finds its backend, and nothing that listens', async t => {
  const port = await freePort()
  for (const scheme of ['redis', 'rediss', 'nats', 'tls', 'postgres', 'postgresql']) {
    const url = new URL(`${scheme}://user:top-secret@127.0.0.1:${port}`)
    const error: unknown = await openState({ ...options, url }).catch((error: unknown) => error)
    t.match(error, { code: 'ERR_STATE_UNAVAILABLE', message: `${scheme}://127.0.0.1:${port}` }, scheme)
    t.notMatch(String(error), /top-secret/)
  }
})

void t.test('what is not a state that there is', t =>
  t.rejects(openState({ ...options, url: new URL('mysql://top-secret@db') }), {
    code: 'ERR_CONFIG',
    message: 'STATE_URL mysql:… is not a state that there is, only sqlite:, redis://, rediss://, nats://',
  }),
)

void t.test('a client that is not installed is one clear sentence', async t => {
  const name: string = 'no-such-package'
  const missing = { 'redis:': { client: 'ioredis', load: () => import(name) } }
  await t.rejects(openState({ ...options, url: new URL('redis://:top-secret@db') }, missing), {
    code: 'ERR_STATE_CLIENT',
    message:
      'STATE_URL redis://… needs the package ioredis, which is not installed: install it beside this service',
  })
  const failure = new Error('something else')
  const failing = { 'redis:': { client: 'ioredis', load: () => Promise.reject(failure) } }
  await t.rejects(openState({ ...options, url: new URL('redis://db') }, failing), failure)
})
