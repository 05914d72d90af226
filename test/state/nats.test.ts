import { jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startNats } from '../brokers/nats.ts'
import { freePort, launch } from '../brokers/server.ts'
import { makeCertificates } from '../fixtures/certificates.ts'
import { withoutOpenssl } from '../fixtures/openssl.ts'
import { open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'
import { openAt, refusesCredentials, verifiesCertificates } from './secure-contract.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'

const BUCKET = 'jelou-receiver-state'

const server = await startNats(t)

void t.test('there are no settings', t =>
  t.rejects(openAt('nats://127.0.0.1?mode=a'), { code: 'ERR_CONFIG', message: /"mode"/ }),
)

void t.test('an address of IPv6, and a password without a user', async t => {
  const address = `[::1]:${await freePort()}`
  const unavailable = { code: 'ERR_STATE_UNAVAILABLE', message: `nats://${address} cannot be used` }
  await t.rejects(openAt(`nats://:pw@${address}`), unavailable)
})

if (server !== null) {
  const state: StateUnderTest = {
    url: ({ host, port } = server) => new URL(`nats://${host}:${port}`),
    directory: '',
  }
  const client = async (t: Test): Promise<NatsConnection> => {
    const nc = await connect({ servers: `${server.host}:${server.port}` })
    t.teardown(() => nc.close())
    return nc
  }
  stateContract(t, state)
  serverContract(t, state, server)

  void t.test('the bucket is on disk', async t => {
    await open(t, state)
    const manager = await jetstreamManager(await client(t))
    const { config } = await manager.streams.info(`KV_${BUCKET}`)
    t.match(config, { storage: 'file', max_msgs_per_subject: 1, max_age: 0 })
  })

  void t.test('an entry that somebody deleted is none, and the fences go on', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const { fence } = await taken(backend)
    await backend.write(Buffer.from('a'), fence)
    const kv = await new Kvm(await client(t)).open(BUCKET)
    await kv.delete(`${projectId}.state`)
    t.equal(await backend.read(), null)
    await t.rejects(backend.write(Buffer.from('b'), fence), { code: 'ERR_STATE_FENCED' })
    t.ok((await taken(backend)).fence > fence)
    await kv.delete(`${projectId}.members`)
    t.same(await backend.announce('a', 'b', 1000), ['b'])
  })

  void t.test('an entry of somebody else is not written over', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const kv = await new Kvm(await client(t)).open(BUCKET)
    await kv.put(`${projectId}.state`, 'theirs')
    const corrupt = { code: 'ERR_STATE_CORRUPT' }
    await t.rejects(backend.read(), corrupt)
    await t.rejects(backend.acquire(1000), corrupt)
    t.equal((await kv.get(`${projectId}.state`))?.string(), 'theirs')
  })
}

/** A server with these lines of configuration, and where it is. */
async function startConfigured(t: Test, lines: string, program: string[] = []): Promise<string> {
  const own = await launch(t, {
    name: 'nats-configured',
    program: 'nats-server',
    prepare: async ({ folder }) => writeFileSync(join(folder, 'nats.conf'), lines),
    args: ({ port, folder }) => [
      ...`-c ${join(folder, 'nats.conf')} -a 127.0.0.1 -p ${port} -sd ${folder}`.split(' '),
      ...program,
    ],
  })
  return `127.0.0.1:${own?.port}`
}

void t.test('credentials and permissions', { skip: server === null && 'no nats-server' }, async t => {
  const least = [
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.KV_${BUCKET}`,
    `$JS.API.STREAM.CREATE.KV_${BUCKET}`,
    `$JS.API.STREAM.MSG.GET.KV_${BUCKET}`,
    `$KV.${BUCKET}.>`,
  ]
  const address = await startConfigured(
    t,
    `authorization { users: [
      { user: "us@er", password: "right:/@%" },
      { user: least, password: pw, permissions: { publish: ${JSON.stringify(least)}, subscribe: ["_INBOX.>"] } }
      { user: reader, password: pw, permissions: { publish: { deny: ["$KV.*.*.state"] } } }
      { user: nothing, password: pw, permissions: { publish: ["a"], subscribe: ["_INBOX.>"] } }
    ] }`,
    ['-js'],
  )
  await refusesCredentials(t, 'nats', address)
  await t.rejects(openAt(`nats://${address}`), { code: 'ERR_STATE_REFUSED' })
  await t.rejects(openAt(`nats://a-token@${address}`), { code: 'ERR_STATE_REFUSED' })
  await t.rejects(openAt(`nats://nothing:pw@${address}`), {
    code: 'ERR_STATE_REFUSED',
    message: /[Pp]ermission/,
  })
  const reader = await openAt(`nats://reader:pw@${address}`)
  t.equal(await reader.read(), null)
  await t.rejects(reader.acquire(1000), { code: 'ERR_STATE_REFUSED', message: /[Pp]ermission/ })
  await reader.close()
  for (const user of [`us%40er:${encodeURIComponent('right:/@%')}`, 'least:pw']) {
    const backend = await openAt(`nats://${user}@${address}`)
    const lock = await taken(backend)
    await backend.write(Buffer.from('a'), lock.fence)
    t.ok(await lock.renew(1000))
    await lock.release()
    t.same(await backend.announce('m', 'v', 1000), ['v'])
    await backend.close()
  }
})

void t.test('a token', { skip: server === null && 'no nats-server' }, async t => {
  const address = await startConfigured(t, 'authorization { token: "to:ken" }', ['-js'])
  const backend = await openAt(`nats://to%3Aken@${address}`)
  t.equal(await backend.read(), null)
  await backend.close()
})

void t.test('a server without JetStream', { skip: server === null && 'no nats-server' }, async t => {
  const address = await startConfigured(t, '')
  await t.rejects(openAt(`nats://${address}`), { code: 'ERR_STATE_REFUSED', message: /[Jj]et[Ss]tream/ })
})

void t.test('TLS', { skip: (server === null && 'no nats-server') || withoutOpenssl }, async t => {
  const certificates = makeCertificates(t)
  const { path } = certificates
  const files = [`--tlscert=${path('server.pem')}`, `--tlskey=${path('server.key')}`]
  const address = await startConfigured(t, '', [
    '-js',
    ...files,
    `--tlscacert=${path('ca.pem')}`,
    '--tlsverify',
  ])
  await verifiesCertificates(t, `tls://${address}`, certificates)
  const plain = await startConfigured(t, '', ['-js'])
  const tls = { ca: certificates.read('ca.pem') }
  await t.rejects(
    openAt(`tls://${plain}`, { tls }),
    { message: /does not support 'tls'/ },
    'nothing in clear text',
  )
})
