import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { StateBackend } from '../../src/state/types.ts'
import { proxy } from '../brokers/proxy.ts'
import { freePort, type Server } from '../brokers/server.ts'
import { eventually, open, randomId, taken, type StateUnderTest } from './fixtures/backend.ts'

/** Short, because it is waited for where nothing answers. */
const PATIENCE = 1000

const unavailable = { code: 'ERR_STATE_UNAVAILABLE' }

/** What a kept state on a server must do besides, through the faults of the server and of the network. */
export function serverContract(t: Test, state: StateUnderTest, server: Server): void {
  void t.test('nothing that is done at once is left when it is closed', async t => {
    const near = await proxy(t, server)
    const backend = await open(t, state, { at: { host: '127.0.0.1', port: near.port } })
    await Promise.all(Array.from({ length: 20 }, () => backend.read()))
    t.ok(near.connections() > 0)
    await backend.close()
    while (near.connections() > 0) await sleep(10)
  })

  void t.test('a connection that is cut is made anew', async t => {
    const projectId = randomId()
    const near = await proxy(t, server)
    const backend = await open(t, state, { projectId, at: { host: '127.0.0.1', port: near.port } })
    const { fence } = await taken(backend)
    await backend.write(Buffer.from('before'), fence)
    const faults: [string, () => void][] = [
      ['cut', () => near.cut()],
      ['half-closed', () => near.halfClose()],
      ['cut before the answer', () => near.cutAnswers()],
    ]
    for (const [name, fault] of faults) {
      fault()
      const outcome = await backend.write(Buffer.from(name), fence).catch((error: unknown) => error)
      if (outcome !== undefined) t.match(outcome, unavailable, name)
      await eventually(() => backend.write(Buffer.from(`${name}, after`), fence))
      t.same(String(await backend.read()), `${name}, after`)
    }
    near.refuse(true)
    await t.rejects(fails(backend), unavailable, 'refused')
    near.refuse(false)
    t.same(String(await eventually(() => backend.read())), 'cut before the answer, after')
  })

  void t.test('the end of a connection is told once, and only when nobody wanted it', async t => {
    const near = await proxy(t, server)
    const at = { host: '127.0.0.1', port: near.port }
    const lines: string[] = []
    const backend = await open(t, state, { at, lines })
    await backend.read()
    near.refuse(true)
    near.cut()
    while (lines.length === 0) await sleep(10)
    for (let n = 0; n < 5; n++) {
      await t.rejects(backend.read(), unavailable)
      await sleep(100)
    }
    t.match(lines, [/connection to the kept state is closed$/])
    t.equal(lines.length, 1)
    await backend.close()
    near.refuse(false)
    const other = await open(t, state, { at, lines })
    await other.read()
    await other.close()
    while (near.connections() > 0) await sleep(10)
    t.equal(lines.length, 1)
  })

  void t.test('a cable that is pulled fails what is asked, and no more', async t => {
    const near = await proxy(t, server)
    const at = { host: '127.0.0.1', port: near.port }
    const backend = await open(t, state, { at, timeout: PATIENCE })
    const leaving = await open(t, state, { at, timeout: PATIENCE })
    near.stall(true)
    await t.rejects(backend.read(), unavailable)
    await t.rejects(backend.acquire(1000), unavailable)
    await t.rejects(open(t, state, { at, timeout: PATIENCE }), unavailable, 'nor can another be opened')
    await leaving.close()
    near.stall(false)
    t.equal(await eventually(() => backend.read()), null)
  })

  void t.test('where nothing listens', async t => {
    const at = { host: '127.0.0.1', port: await freePort() }
    const lines: string[] = []
    await t.rejects(open(t, state, { at, lines }), { ...unavailable, message: `:${at.port}` })
    t.same(lines, [], 'the error says it')
  })

  const { process: own } = server
  if (own === null) return
  void t.test('a server that is killed comes back with the record, the lock and the fences', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId })
    const other = await open(t, state, { projectId })
    await (await taken(backend)).release()
    const lock = await taken(backend, 600_000)
    await backend.write(Buffer.from('kept'), lock.fence)
    await own.kill()
    await t.rejects(fails(backend), unavailable)
    await t.rejects(lock.renew(600_000), unavailable)
    await t.rejects(open(t, state, { projectId }), unavailable)
    await own.start()
    t.same(await eventually(() => backend.read()), Buffer.from('kept'))
    t.equal(await eventually(() => other.acquire(1000)), null)
    t.equal(await lock.renew(600_000), true)
    await lock.release()
    const next = await taken(other)
    t.ok(next.fence > lock.fence)
  })

  void t.test('a server that is stopped', async t => {
    const projectId = randomId()
    const backend = await open(t, state, { projectId, timeout: PATIENCE })
    const leaving = await open(t, state, { projectId, timeout: PATIENCE })
    const { fence } = await taken(backend)
    own.pause()
    try {
      await t.rejects(backend.write(Buffer.from('in doubt'), fence), unavailable)
      await leaving.close()
    } finally {
      own.resume()
    }
    await eventually(() => backend.write(Buffer.from('after'), fence))
    t.same(await backend.read(), Buffer.from('after'))
  })
}

/** What is asked until it fails: a client may notice only by asking that its connection is gone. */
async function fails(backend: StateBackend): Promise<never> {
  for (;;) await backend.read()
}
