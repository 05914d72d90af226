import { chmodSync } from 'node:fs'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { chownToPostgres, POSTGRES, startPostgres } from '../brokers/postgres.ts'
import { makeCertificates } from '../fixtures/certificates.ts'
import { withoutOpenssl } from '../fixtures/openssl.ts'
import { eventually, open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'
import { openAt, refusesCredentials, verifiesCertificates } from './secure-contract.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'

const server = await startPostgres(t)

void t.test('settings', async t => {
  const config = { code: 'ERR_CONFIG' }
  await t.rejects(openAt('postgres://127.0.0.1/db?sslmode=prefer'), { ...config, message: /sslmode/ })
  await t.rejects(openAt('postgres://127.0.0.1/db?host=a'), { ...config, message: /"host"/ })
})

if (server !== null) {
  const { user, password, database } = POSTGRES
  const address = `${server.host}:${server.port}`
  const state: StateUnderTest = {
    url: ({ host, port } = server) => new URL(`postgres://${user}:${password}@${host}:${port}/${database}`),
    directory: '',
  }
  const admin = async (t: Test): Promise<Client> => {
    const client = new Client({ ...POSTGRES, host: server.host, port: server.port })
    t.teardown(() => client.end())
    await client.connect()
    return client
  }

  void t.test('replicas that start at once on an empty database', async t => {
    const client = await admin(t)
    await client.query('CREATE DATABASE empty')
    const url = `postgresql://${user}:${password}@${address}/empty`
    const backends = await Promise.all(Array.from({ length: 5 }, () => openAt(url)))
    for (const backend of backends) {
      t.equal(await backend.read(), null)
      await backend.close()
    }
    await client.query('DROP DATABASE empty WITH (FORCE)')
  })

  stateContract(t, state)
  serverContract(t, state, server)

  void t.test('credentials', async t => {
    await refusesCredentials(t, 'postgres', address)
    const missing = `postgres://${user}:${password}@${address}/missing`
    await t.rejects(openAt(missing), { code: 'ERR_STATE_REFUSED', message: /"missing" does not exist/ })
  })

  void t.test('the permissions that the documentation names are enough', async t => {
    const client = await admin(t)
    await open(t, state)
    await client.query(`CREATE ROLE least LOGIN PASSWORD 'right:/@%'`)
    const url = `postgres://least:${encodeURIComponent('right:/@%')}@${address}/${database}`
    const refused = { code: 'ERR_STATE_REFUSED', message: /permission denied/ }
    const backend = await openAt(url)
    t.teardown(() => backend.close())
    await t.rejects(backend.read(), refused)
    await client.query('GRANT SELECT, INSERT, UPDATE ON jelou_receiver_state TO least')
    await client.query('GRANT SELECT, INSERT, UPDATE, DELETE ON jelou_receiver_members TO least')
    const lock = await taken(backend)
    await backend.write(Buffer.from('a'), lock.fence)
    t.ok(await lock.renew(1000))
    await lock.release()
    t.same(await backend.read(), Buffer.from('a'))
    t.same(await backend.announce('m', 'v', 1000), ['v'])
    await backend.withdraw('m')

    await client.query('CREATE DATABASE theirs')
    const elsewhere = url.replace(/[^/]*$/, 'theirs')
    await t.rejects(openAt(elsewhere), refused, 'it may not create the tables')
    await client.query('DROP DATABASE theirs WITH (FORCE)')
  })

  void t.test('a server that confirms before it syncs', async t => {
    const client = await admin(t)
    await client.query('ALTER DATABASE postgres SET synchronous_commit = off')
    t.teardown(() => client.query('ALTER DATABASE postgres RESET synchronous_commit'))
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const { fence } = await taken(backend)
    for (let round = 0; round < 20; round++) {
      const { rows: before } = await client.query('SELECT pg_current_wal_insert_lsn() AS at')
      await backend.write(Buffer.from(`${round}`), fence)
      const { rows } = await client.query('SELECT pg_current_wal_flush_lsn() > $1 AS synced', [before[0].at])
      t.same(rows, [{ synced: true }])
    }
  })

  void t.test('a read-only server', async t => {
    const client = await admin(t)
    await client.query('ALTER DATABASE postgres SET default_transaction_read_only = on')
    t.teardown(() => client.query('ALTER DATABASE postgres RESET default_transaction_read_only'))
    const backend = await open(t, state)
    await t.rejects(backend.acquire(1000), { code: 'ERR_STATE_REFUSED', message: /read-only/ })
    await client.query('SET default_transaction_read_only = off')
  })

  void t.test('TLS', { skip: withoutOpenssl || (server.process === null && 'not our server') }, async t => {
    const certificates = makeCertificates(t)
    const { path, read } = certificates
    const key = path('server.key')
    chmodSync(key, 0o600)
    chownToPostgres(key)
    const client = await admin(t)
    const url = `postgres://${user}:${password}@${address}/${database}`
    const tls = { ca: read('ca.pem') }
    await t.rejects(
      openAt(`${url}?sslmode=require`),
      { message: /does not support SSL/ },
      'nothing in clear text',
    )
    await client.query(`ALTER SYSTEM SET ssl_cert_file = '${path('server.pem')}'`)
    await client.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`)
    await client.query(`ALTER SYSTEM SET ssl_ca_file = '${path('ca.pem')}'`)
    await client.query('ALTER SYSTEM SET ssl = on')
    await client.query('SELECT pg_reload_conf()')
    await eventually(async () => (await openAt(`${url}?sslmode=verify-full`, { tls })).close())
    for (const settings of ['?sslmode=verify-full', '?sslmode=require&channel_binding=require', ''])
      await verifiesCertificates(t, `${url}${settings}`, certificates)
    const identity = { cert: read('client.pem'), key: read('client.key') }
    const backend = await openAt(url, { tls: { ...tls, ...identity } })
    const { rows } = await client.query('SELECT client_dn FROM pg_stat_ssl WHERE client_dn IS NOT NULL')
    t.match(rows, [{ client_dn: '/CN=client' }])
    await backend.close()
    await (await openAt(`${url}?sslmode=disable&channel_binding=disable`, { tls })).close()
  })
}
