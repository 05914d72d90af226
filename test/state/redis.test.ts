import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { startRedis } from '../brokers/redis.ts'
import { launch } from '../brokers/server.ts'
import { makeCertificates } from '../fixtures/certificates.ts'
import { withoutOpenssl } from '../fixtures/openssl.ts'
import { eventually, open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'
import { openAt, refusesCredentials, verifiesCertificates } from './secure-contract.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'

const server = await startRedis(t)

void t.test('settings and databases that are not there', async t => {
  const config = { code: 'ERR_CONFIG' }
  await t.rejects(openAt('redis://127.0.0.1/0?mode=a'), { ...config, message: /"mode"/ })
  await t.rejects(openAt('redis://127.0.0.1/name'), { ...config, message: /the number of a database/ })
})

if (server !== null) {
  const address = `${server.host}:${server.port}`
  const state: StateUnderTest = {
    url: ({ host, port } = server) => new URL(`redis://${host}:${port}`),
    directory: '',
  }
  const admin = async (t: Test): Promise<Redis> => {
    const redis = new Redis({ host: server.host, port: server.port })
    t.teardown(() => redis.quit())
    return redis
  }
  stateContract(t, state)
  serverContract(t, state, server)

  void t.test('credentials', async t => {
    const redis = await admin(t)
    await refusesCredentials(t, 'redis', address)
    await redis.call('ACL', 'SETUSER', 'us@er', 'on', '>right:/@%', '~jelou-receiver:*', '+@all')
    const backend = await openAt(`redis://us%40er:${encodeURIComponent('right:/@%')}@${address}`)
    const { fence } = await taken(backend)
    await backend.write(Buffer.from('a'), fence)
    await redis.call('ACL', 'SETUSER', 'us@er', 'resetkeys')
    const record = Buffer.from('the-record')
    const error: unknown = await backend.write(record, fence).catch((error: unknown) => error)
    t.match(error, { code: 'ERR_STATE_REFUSED', message: /NOPERM/, cause: { command: undefined } })
    await backend.close()
  })

  void t.test('the permissions that the documentation names are enough', async t => {
    const redis = await admin(t)
    const commands = '+eval +time +hget +hset +hincrby +hdel +hgetall +info +select +hello +auth'
    await redis.call('ACL', 'SETUSER', 'least', 'on', '>pw', '~jelou-receiver:*', ...commands.split(' '))
    const backend = await openAt(`redis://least:pw@${address}/0`)
    const lock = await taken(backend)
    await backend.write(Buffer.from('a'), lock.fence)
    t.ok(await lock.renew(1000))
    await lock.release()
    t.same(await backend.read(), Buffer.from('a'))
    t.same(await backend.announce('m', 'v', 1000), ['v'])
    await backend.withdraw('m')
    await backend.close()
  })

  void t.test('databases are apart, and one that is not there is refused', async t => {
    const one = await openAt(`redis://${address}/1`)
    await taken(one)
    await one.close()
    await t.rejects(openAt(`redis://${address}/99`), { code: 'ERR_STATE_REFUSED', message: /DB index/ })
  })

  void t.test('outlives more than one error of a socket', async t => {
    const sockets: Socket[] = []
    const note = (message: unknown) => void sockets.push(Object(message).socket)
    subscribe('net.client.socket', note)
    const backend = await openAt(`redis://${address}`)
    t.teardown(() => backend.close())
    await backend.read()
    unsubscribe('net.client.socket', note)
    const socket = sockets.find(({ remotePort }) => remotePort === server.port)
    // As TLS does when what arrives is no TLS while something is being written.
    for (const reason of ['read', 'write']) socket?.emit('error', new Error(reason))
    socket?.destroy()
    await eventually(() => backend.read())
    t.equal(socket?.destroyed, true)
  })

  void t.test('a server that is full', async t => {
    const redis = await admin(t)
    const backend = await open(t, state, { projectId: randomId() })
    await redis.config('SET', 'maxmemory', '1')
    try {
      await t.rejects(backend.acquire(1000), { code: 'ERR_STATE_UNAVAILABLE', message: /OOM/ })
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
    t.ok(await backend.acquire(1000))
  })

  void t.test('TLS', { skip: withoutOpenssl }, async t => {
    const certificates = makeCertificates(t)
    const { path } = certificates
    const secure = await launch(t, {
      name: 'redis-tls',
      program: 'redis-server',
      args: ({ port }) =>
        `--port 0 --tls-port ${port} --bind 127.0.0.1 --save  --tls-cert-file ${path('server.pem')} --tls-key-file ${path('server.key')} --tls-ca-cert-file ${path('ca.pem')}`.split(
          ' ',
        ),
    })
    await verifiesCertificates(t, `rediss://127.0.0.1:${secure?.port}`, certificates)
  })
}
