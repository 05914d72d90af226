import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../src/config.ts'
import { openConfiguredState } from '../src/open-state.ts'
import { startRedis } from './brokers/redis.ts'
import { freePort } from './brokers/server.ts'
import { makeCertificates } from './fixtures/certificates.ts'
import { withoutOpenssl } from './fixtures/openssl.ts'
import { testDirectory } from './fixtures/directory.ts'

const log = { info() {}, warn() {} }

const load = (environment: NodeJS.ProcessEnv) =>
  loadConfig(
    {
      JELOU_PROJECT_ID: 'p',
      JELOU_API_KEY: 'k',
      PUBLIC_URL: 'https://example.com',
      STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ...environment,
    },
    join(import.meta.dirname, 'no-such-file'),
  )

t.test('a file is opened at once', async t => {
  const DATA_DIR = join(testDirectory(t), 'data')
  const state = await openConfiguredState(await load({ DATA_DIR }), log)
  t.equal(state.location, join(DATA_DIR, 'state.sqlite'))
  await state.close()
})

t.test('a shared state is opened when it is used', async t => {
  const port = await freePort()
  const state = await openConfiguredState(
    await load({ STATE_URL: `redis://u:hidden@127.0.0.1:${port}/0` }),
    log,
  )
  t.equal(state.location, `redis://127.0.0.1:${port}/0`)
  await t.rejects(state.read(), { code: 'ERR_STATE_UNAVAILABLE', message: /^(?!.*hidden)/ })
  await state.close()
})

t.test('a shared state over TLS gets the files of the configuration', { skip: withoutOpenssl }, async t => {
  const { path } = makeCertificates(t)
  const port = String(await freePort())
  const tls = {
    '--tls-port': port,
    '--tls-ca-cert-file': path('ca.pem'),
    '--tls-cert-file': path('server.pem'),
    '--tls-key-file': path('server.key'),
  }
  const server = await startRedis(t, { args: Object.entries(tls).flat() })
  if (server === null) return
  const config = await load({
    STATE_URL: `rediss://127.0.0.1:${port}`,
    STATE_CA_FILE: path('ca.pem'),
    STATE_CERT_FILE: path('client.pem'),
    STATE_KEY_FILE: path('client.key'),
  })
  const state = await openConfiguredState(config, log)
  t.equal(await state.read(), null)
  await state.close()
})
