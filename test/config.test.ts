import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeVariables, findMisspelt, loadAdminAddress, loadConfig } from '../src/config.ts'
import { DRIVERS } from '../src/queue/open.ts'
import { testDirectory } from './fixtures/directory.ts'

const NO_FILE = join(import.meta.dirname, 'no-such-file')
const GOOD = { JELOU_PROJECT_ID: 'p', JELOU_API_KEY: 'k', PUBLIC_URL: 'https://support.example.com' }
const load = (more: NodeJS.ProcessEnv) => loadConfig({ ...GOOD, ...more }, NO_FILE)

t.test('defaults are those of the documents, parsed', async t => {
  const config = await load({})
  t.match(config, {
    JELOU_API_URL: 'https://gateway.jelou.ai/jelouapi/v1',
    JELOU_SECRET_LOST: 'fail',
    WEBHOOK_PATH: '/webhook/jelou',
    WEBHOOK_AUTH_TYPE: 'bearer',
    HOST: '0.0.0.0',
    PORT: 3000,
    ADMIN_HOST: '127.0.0.1',
    ADMIN_PORT: 3001,
    DATA_DIR: join(process.cwd(), 'data'),
    QUEUE_URL: { driver: 'sqlite', file: undefined },
    QUEUE_NAME: 'jelou-events-p',
    QUEUE_ENSURE: true,
    PUBLISH_TIMEOUT: 2000,
    SPOOL_LIMIT: 1_073_741_824,
    STATE_URL: 'sqlite:',
    RECONCILE_INTERVAL: 600_000,
    BODY_LIMIT: 1_048_576,
    DEDUPE_WINDOW: 86_400_000,
    MAX_EVENT_AGE: 0,
    SHUTDOWN_DELAY: 0,
    SHUTDOWN_TIMEOUT: 25_000,
    LOG_LEVEL: 'info',
  })
  for (const name of ['WEBHOOK_AUTHORIZATION', 'ADMIN_TOKEN', 'TRUST_PROXY', 'ALLOWED_SOURCES'] as const) {
    t.equal(config[name], undefined, name)
  }
})

t.test('brokers and shared states are URLs', async t => {
  const key = Buffer.alloc(32, 7).toString('base64')
  const file = join(testDirectory(t, { 'ca.pem': 'the text' }), 'ca.pem')
  const config = await load({
    QUEUE_URL: 'rediss://user:password@broker:6380/1?x=1',
    QUEUE_NAME: 'events',
    QUEUE_ENSURE: 'false',
    QUEUE_CA_FILE: file,
    STATE_URL: 'postgres://user@db/name',
    STATE_ENCRYPTION_KEY: key,
    STATE_CERT_FILE: file,
    STATE_KEY_FILE: file,
  })
  t.match(config, {
    QUEUE_URL: { driver: 'broker', url: { host: 'broker:6380', pathname: '/1', search: '?x=1' } },
    QUEUE_NAME: 'events',
    QUEUE_ENSURE: false,
    STATE_URL: { protocol: 'postgres:' },
  })
  t.equal(String(config.QUEUE_CA_FILE), 'the text')
  for (const scheme of Object.keys(DRIVERS))
    t.match((await load({ QUEUE_URL: `${scheme}//h` })).QUEUE_URL, { driver: 'broker' }, scheme)
})

t.test('values are parsed', async t => {
  const key = Buffer.alloc(32, 7)
  const config = await load({
    JELOU_API_KEY: '',
    JELOU_SIGNING_SECRET: 'one, two',
    PUBLIC_URL: 'https://example.com/base/',
    QUEUE_URL: 'sqlite:///var/lib/queue.sqlite',
    STATE_ENCRYPTION_KEY: key.toString('base64'),
    TRUST_PROXY: '2',
    ALLOWED_SOURCES: '10.0.0.0/8,::1',
    UNKNOWN: 'is ignored',
  })
  t.same(config.JELOU_SIGNING_SECRET, ['one', 'two'])
  t.equal(config.PUBLIC_URL, 'https://example.com/base')
  t.same(config.QUEUE_URL, { driver: 'sqlite', file: '/var/lib/queue.sqlite' })
  t.same(config.STATE_ENCRYPTION_KEY, [key])
  t.equal(config.TRUST_PROXY, 2)
  t.equal(config.ALLOWED_SOURCES?.check('10.1.1.1'), true)
  t.notOk('UNKNOWN' in config)
  t.same((await load({ TRUST_PROXY: '10.0.0.1, 10.1.0.0/16' })).TRUST_PROXY, ['10.0.0.1', '10.1.0.0/16'])
  t.equal((await load({ WEBHOOK_AUTH_TYPE: 'basic' })).WEBHOOK_AUTHORIZATION, undefined, 'generated later')
  t.equal((await load({ PUBLIC_URL: 'http://127.0.0.1:0' })).PUBLIC_URL, 'http://127.0.0.1:0')
})

const wrong: [string, NodeJS.ProcessEnv, RegExp][] = [
  [
    'no project',
    { JELOU_PROJECT_ID: '' },
    /JELOU_PROJECT_ID is required\. Example: JELOU_PROJECT_ID=my-project/,
  ],
  ['a blank project', { JELOU_PROJECT_ID: ' ' }, /JELOU_PROJECT_ID /],
  ['no URL', { PUBLIC_URL: '' }, /PUBLIC_URL is required/],
  ['no credential', { JELOU_API_KEY: '' }, /JELOU_API_KEY is required, or JELOU_CLIENT_ID with/],
  ['two credentials', { JELOU_CLIENT_ID: 'i', JELOU_CLIENT_SECRET: 's' }, /two ways to do the same/],
  ['half a pair', { JELOU_API_KEY: '', JELOU_CLIENT_ID: 'i' }, /JELOU_CLIENT_SECRET is required with/],
  ['the other half', { JELOU_API_KEY: '', JELOU_CLIENT_SECRET: 's' }, /JELOU_CLIENT_ID is required with/],
  [
    'plain HTTP',
    { PUBLIC_URL: 'http://example.com' },
    /PUBLIC_URL must be an HTTPS URL.*it is "http:\/\/example\.com"/,
  ],
  [
    'a user in the URL',
    { PUBLIC_URL: 'https://u:hidden@example.com' },
    /it is "https:\/\/\*\*\*@example\.com"/,
  ],
  ['a query', { PUBLIC_URL: 'https://example.com/?a=1' }, /PUBLIC_URL must be/],
  ['no URL at all', { JELOU_API_URL: 'gateway' }, /JELOU_API_URL must be an HTTPS URL/],
  ['an empty secret', { JELOU_SIGNING_SECRET: 'a,,b' }, /JELOU_SIGNING_SECRET has an empty secret/],
  [
    'lost what',
    { JELOU_SECRET_LOST: 'ignore' },
    /JELOU_SECRET_LOST must be one of fail, recreate \(it is "ignore"\)/,
  ],
  ['a path', { WEBHOOK_PATH: 'hook' }, /WEBHOOK_PATH must begin with/],
  ['a parametric path', { WEBHOOK_PATH: '/:hook' }, /WEBHOOK_PATH must begin with/],
  ['a taken path', { WEBHOOK_PATH: '/readyz' }, /WEBHOOK_PATH is the path of a health check/],
  [
    'an auth type',
    { WEBHOOK_AUTH_TYPE: 'digest' },
    /WEBHOOK_AUTH_TYPE must be one of bearer, api_key, basic, no_auth/,
  ],
  ['a token with spaces', { WEBHOOK_AUTHORIZATION: 'to ken' }, /WEBHOOK_AUTHORIZATION must be printable/],
  [
    'basic without colon',
    { WEBHOOK_AUTH_TYPE: 'basic', WEBHOOK_AUTHORIZATION: 'u' },
    /must be user:password/,
  ],
  ['a token for no_auth', { WEBHOOK_AUTH_TYPE: 'no_auth', WEBHOOK_AUTHORIZATION: 'u' }, /would be ignored/],
  ['a port', { PORT: '65536' }, /PORT must be a port number.*it is "65536"/],
  ['a port in words', { ADMIN_PORT: 'http' }, /ADMIN_PORT must be a port number/],
  ['one port twice', { PORT: '80', ADMIN_PORT: '80' }, /ADMIN_PORT must differ from PORT/],
  ['an open private listener', { ADMIN_HOST: '0.0.0.0' }, /ADMIN_TOKEN is required/],
  ['a path for a shell', { DATA_DIR: '~/data' }, /DATA_DIR must be written out.* \(it is "~\/data"\)/],
  ['a variable', { DATA_DIR: '$HOME/data' }, /DATA_DIR must be written out/],
  ['a short token', { ADMIN_TOKEN: 'short' }, /ADMIN_TOKEN must be at least 16/],
  [
    'a broker',
    { QUEUE_URL: 'ftp://user:hidden@broker' },
    /QUEUE_URL must be sqlite:, .* a URL that begins with `redis:/,
  ],
  ['a queue without a path', { QUEUE_URL: 'sqlite://queue' }, /QUEUE_URL must be sqlite:/],
  ['a queue name', { QUEUE_NAME: '../x' }, /QUEUE_NAME must be/],
  ['a broker without a host', { QUEUE_URL: 'redis:' }, /QUEUE_URL must be sqlite:/],
  ['a state', { STATE_URL: 'mysql://user:hidden@db' }, /STATE_URL must be sqlite:, or .*`postgres:/],
  ['a shared state without a key', { STATE_URL: 'redis://db' }, /STATE_ENCRYPTION_KEY is required, because/],
  ['a file that is not there', { QUEUE_CA_FILE: NO_FILE }, /QUEUE_CA_FILE must be a file that can be read/],
  ['a certificate alone', { QUEUE_CERT_FILE: import.meta.filename }, /QUEUE_CERT_FILE and QUEUE_KEY_FILE/],
  ['a key alone', { STATE_KEY_FILE: import.meta.filename }, /STATE_CERT_FILE and STATE_KEY_FILE/],
  ['a switch', { QUEUE_ENSURE: 'yes' }, /QUEUE_ENSURE must be one of true, false/],
  ['no time at all', { PUBLISH_TIMEOUT: '0' }, /PUBLISH_TIMEOUT must be more than 0/],
  ['a short key', { STATE_ENCRYPTION_KEY: 'aGlkZGVu' }, /STATE_ENCRYPTION_KEY must be 32 bytes/],
  ['a proxy', { TRUST_PROXY: 'nginx' }, /TRUST_PROXY must be a number of hops/],
  ['a source', { ALLOWED_SOURCES: '10.0.0.0/99' }, /ALLOWED_SOURCES must be addresses and CIDRs/],
  [
    'an interval',
    { RECONCILE_INTERVAL: '10 minutes' },
    /RECONCILE_INTERVAL is not a duration.*it is "10 minutes"/,
  ],
  ['a size', { BODY_LIMIT: 'big' }, /BODY_LIMIT is not a size/],
  ['a level', { LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of/],
]

t.test('a wrong value is named, explained, and given an example', async t => {
  for (const [name, environment, message] of wrong) {
    await t.rejects(load(environment), { code: 'ERR_CONFIG', message }, name)
  }
})

t.test('every problem is told at once, and no secret is', async t => {
  const environment = {
    PORT: 'x',
    ADMIN_PORT: 'y',
    WEBHOOK_AUTHORIZATION: 'hid den',
    QUEUE_URL: 'hidden://hidden',
  }
  const error = await loadConfig({ ...environment, ADMIN_TOKEN: 'hid', LOG_LEVEL: '' }, NO_FILE).catch(
    (e: Error) => e,
  )
  const { message } = error as Error
  const named = message
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(' ', 1).join())
  t.same(named.toSorted(), [
    'ADMIN_PORT',
    'ADMIN_TOKEN',
    'JELOU_API_KEY',
    'JELOU_PROJECT_ID',
    'PORT',
    'PUBLIC_URL',
    'QUEUE_URL',
    'WEBHOOK_AUTHORIZATION',
  ])
  t.notMatch(message, /hid/)
})

t.test('the .env file is read, and the environment wins', async t => {
  const directory = testDirectory(t)
  const file = join(directory, '.env')
  writeFileSync(file, 'JELOU_PROJECT_ID=from-file\nJELOU_API_KEY=k\nPUBLIC_URL=https://file.example.com\n')
  const config = await loadConfig(
    { PUBLIC_URL: 'https://environment.example.com', JELOU_PROJECT_ID: '' },
    file,
  )
  t.equal(config.JELOU_PROJECT_ID, 'from-file')
  t.equal(config.PUBLIC_URL, 'https://environment.example.com')
  t.equal(process.env.JELOU_PROJECT_ID, undefined, 'the environment of the process is left alone')
})

t.test('a .env file that begins with a mark of its encoding, and one that is a directory', async t => {
  const directory = testDirectory(t, {
    '.env': '\uFEFFJELOU_PROJECT_ID=first\r\nJELOU_API_KEY=k\r\nPUBLIC_URL=https://a.b\r\n',
  })
  t.equal((await loadConfig({}, join(directory, '.env'))).JELOU_PROJECT_ID, 'first')
  const error = { code: 'ERR_CONFIG', message: `${directory} cannot be read: EISDIR` }
  await t.rejects(loadConfig({}, directory), error)
  await t.rejects(loadAdminAddress({}, directory), error)
  t.throws(() => findMisspelt({}, directory), error)
})

t.test('every variable is described', async t => {
  const docs = describeVariables()
  t.equal(docs.length, 47)
  for (const { name, description, example } of docs) t.ok(description && example, name)
})

t.test('a client of the private listener needs no more than its address', async t => {
  const cases: [NodeJS.ProcessEnv, string][] = [
    [{}, 'http://127.0.0.1:3001'],
    [{ ADMIN_HOST: '0.0.0.0', ADMIN_PORT: '81' }, 'http://127.0.0.1:81'],
    [{ ADMIN_HOST: '::' }, 'http://[::1]:3001'],
    [{ ADMIN_HOST: '10.0.0.1', ADMIN_TOKEN: 'sixteen-characters' }, 'http://10.0.0.1:3001'],
  ]
  for (const [environment, url] of cases) {
    t.same(await loadAdminAddress(environment, NO_FILE), { url, token: environment.ADMIN_TOKEN }, url)
  }
  await t.rejects(loadAdminAddress({ ADMIN_PORT: 'x' }, NO_FILE), {
    code: 'ERR_CONFIG',
    message: /ADMIN_PORT/,
  })
})
