import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { describeVariables, explainConfig } from '../src/config.ts'
import { testDirectory } from './fixtures/directory.ts'

const FILE = `JELOU_PROJECT_ID=from-file
JELOU_API_KEY=secret-of-the-file
PUBLIC_URL=https://file.example.com
PORT=3000
LOG_LEVEL=
`

t.test('each value has its source, and no secret is in it', async t => {
  const file = join(testDirectory(t), '.env')
  writeFileSync(file, FILE)
  const environment = {
    PUBLIC_URL: 'https://environment.example.com',
    QUEUE_URL: 'redis://user:secret-of-the-queue@localhost:6379/0?maxlen=5',
    ADMIN_TOKEN: 'secret-of-sixteen',
    ADMIN_PORT: '',
  }
  const entries = await explainConfig(environment, file)
  t.same(
    entries.map(({ name }) => name),
    describeVariables().map(({ name }) => name),
  )
  const expected: [string, string | null, string][] = [
    ['JELOU_PROJECT_ID', 'from-file', '.env'],
    ['JELOU_API_KEY', '***', '.env'],
    ['JELOU_CLIENT_SECRET', null, 'not set'],
    ['PUBLIC_URL', 'https://environment.example.com', 'environment'],
    ['WEBHOOK_AUTHORIZATION', '***', 'generated'],
    ['PORT', '3000', '.env'],
    ['LOG_LEVEL', 'info', 'default'],
    ['ADMIN_PORT', '3001', 'default'],
    ['ADMIN_TOKEN', '***', 'environment'],
    ['DATA_DIR', resolve('data'), 'default'],
    ['QUEUE_URL', 'redis://***@localhost:6379/0?maxlen=5', 'environment'],
    ['QUEUE_NAME', 'jelou-events-from-file', 'default'],
    ['STATE_URL', 'sqlite:', 'default'],
    ['STATE_ENCRYPTION_KEY', null, 'not set'],
  ]
  for (const [name, value, source] of expected)
    t.same(
      entries.find(entry => entry.name === name),
      { name, value, source },
    )
  t.notMatch(JSON.stringify(entries), /secret-of/)
})

t.test('without a credential nothing is generated', async t => {
  const environment = {
    JELOU_PROJECT_ID: 'p',
    PUBLIC_URL: 'https://example.com',
    JELOU_API_KEY: 'k',
    WEBHOOK_AUTH_TYPE: 'no_auth',
  }
  const entries = await explainConfig(environment, join(testDirectory(t), 'none'))
  t.match(
    entries.find(({ name }) => name === 'WEBHOOK_AUTHORIZATION'),
    { value: null, source: 'not set' },
  )
})

t.test('a wrong configuration is not explained but refused', async t => {
  await t.rejects(explainConfig({ PORT: 'x' }, join(testDirectory(t), 'none')), {
    code: 'ERR_CONFIG',
    message: /JELOU_PROJECT_ID is required/,
  })
})
