import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Config } from '../../src/config.ts'
import { checkState } from '../../src/doctor/state.ts'
import { openConfiguredState } from '../../src/open-state.ts'
import { keptSchema, NOTHING_KEPT, type Kept } from '../../src/registration/kept.ts'
import { withLock } from '../../src/state/lock.ts'
import { createSeal } from '../../src/state/seal.ts'
import { createStore } from '../../src/state/store.ts'
import { startRedis } from '../brokers/redis.ts'
import { freePort } from '../brokers/server.ts'
import { configured } from './harness.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

const server = await startRedis(t)
const [first = '', second = ''] = [0, 1].map(() => randomBytes(32).toString('base64'))
const integration = {
  secret: markedSecret(),
  since: Date.parse('2026-01-01T00:00:00Z'),
  webhookUrl: 'https://example.com/webhook/jelou',
  authType: 'no_auth' as const,
  authorization: '',
}

/** Keeps this as the service would. */
async function keep(config: Config, kept: Kept): Promise<void> {
  const backend = await openConfiguredState(config, { info() {}, warn() {} })
  const seal = createSeal({
    keys: config.STATE_ENCRYPTION_KEY ?? [],
    projectId: 'p',
    location: backend.location,
  })
  const store = createStore({ backend, seal, schema: keptSchema })
  await withLock(backend, {}, held => store.save(kept, held.fence))
  await store.close()
}

/** A state in a directory of its own. */
function kind(t: Test, environment: NodeJS.ProcessEnv = {}): Promise<Config> {
  return configured({ DATA_DIR: join(t.testdirName, 'data'), ...environment })
}

t.test('a file', async t => {
  testDirectory(t)
  const plain = await kind(t)
  t.same(await checkState(plain), { status: 'ok', detail: 'nothing is kept yet' })
  await keep(plain, NOTHING_KEPT)
  t.match(await checkState(plain), { status: 'ok', detail: /state\.sqlite opens; nothing is kept yet$/ })
  const sealed = await kind(t, { STATE_ENCRYPTION_KEY: first })
  await keep(sealed, { ...NOTHING_KEPT, integration })
  t.match(await checkState(sealed), {
    status: 'ok',
    detail: /a secret is kept since 2026-01-01T00:00:00\.000Z$/,
  })
  for (const key of ['', second]) {
    const found = await checkState(await kind(t, { STATE_ENCRYPTION_KEY: key }))
    t.match(found, { status: 'wrong', detail: /cannot be decrypted/, advice: /STATE_ENCRYPTION_KEY/ })
    t.notMatch(JSON.stringify(found), first)
  }
  const before = readFileSync(join(plain.DATA_DIR, 'state.sqlite'))
  t.match(await checkState(await kind(t, { STATE_ENCRYPTION_KEY: `${second},${first}` })), { status: 'ok' })
  t.ok(readFileSync(join(plain.DATA_DIR, 'state.sqlite')).equals(before), 'it only looks')
})

t.test('a shared state', { skip: server === null && 'there is no redis' }, async t => {
  testDirectory(t)
  const STATE_URL = `redis://127.0.0.1:${server?.port}`
  const config = await kind(t, { STATE_URL, STATE_ENCRYPTION_KEY: first })
  t.match(await checkState(config), { status: 'ok', detail: /opens; nothing is kept yet/ })
  await keep(config, { ...NOTHING_KEPT, integration })
  t.match(await checkState(config), { status: 'ok', detail: /a secret is kept/ })
})

t.test('a shared state that is away', async t => {
  testDirectory(t)
  const STATE_URL = `redis://u:hidden@127.0.0.1:${await freePort()}`
  const found = await checkState(await kind(t, { STATE_URL, STATE_ENCRYPTION_KEY: first }))
  t.match(found, { status: 'wrong', detail: /cannot be used/ })
  t.notMatch(JSON.stringify(found), 'hidden')
})
