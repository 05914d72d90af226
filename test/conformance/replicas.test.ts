import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { readRedis, startRedis } from '../brokers/redis.ts'
import { freePort, type Server } from '../brokers/server.ts'
import { balancer } from './balancer.ts'
import { post } from './http.ts'
import { checkLedger } from './ledger.ts'
import { startLoad, type Load } from './load.ts'
import { ready, start, stop, variables, type Service } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

const REPLICAS = 3
const ROOMS = 12
/** In ms; longer than the lease of the lock. */
const PAUSE = 18_000
const LIMIT = 240_000

t.setTimeout(LIMIT)

/** Replicas of one project over one state and one queue, behind one address, and a Jelou that talks to it. */
async function cluster(t: Test, server: Server) {
  const jelou = createSimulator({ projectId: `project-${crypto.randomUUID()}` })
  t.teardown(() => jelou.close())
  const directory = testDirectory(t)
  const front = await balancer(t)
  const address = `redis://127.0.0.1:${server.port}`
  const queueName = `replicas-${crypto.randomUUID()}`
  const shared = {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    PUBLIC_URL: front.url,
    QUEUE_URL: address,
    QUEUE_NAME: queueName,
    STATE_URL: address,
    STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    SHUTDOWN_DELAY: '500ms',
    NODE_COMPILE_CACHE: join(directory, 'cache'),
  }
  let started = 0
  const posts = () => jelou.calls.filter(({ method }) => method === 'POST').length

  async function add(): Promise<Service> {
    const own = { DATA_DIR: join(directory, `data-${started++}`), PORT: String(await freePort()) }
    const service = await start(t, variables(directory, { ...shared, ...own }))
    // PUBLIC_URL is the balancer's: what a replica itself listens on is behind it.
    const publicUrl = `http://127.0.0.1:${own.PORT}`
    front.add(publicUrl)
    return { ...service, publicUrl }
  }

  function load(): Load {
    const load = startLoad(t, { rooms: ROOMS, pause: 10, post: postEvent })
    load.up(front.url)
    return load
  }

  /** As Jelou would: to what is registered, with its secret, and nothing while nothing is registered. */
  async function postEvent(body: string): Promise<number> {
    while (jelou.integration === undefined) await sleep(5)
    const { status, error } = await jelou.send(body)
    if (error !== undefined) throw new Error(error)
    return status
  }

  async function check(t: Test, load: Load, options: { late?: boolean } = {}): Promise<void> {
    await load.end()
    const acknowledged = [...load.ledger.values()].filter(sent => sent.acknowledged).length
    const messages = await readRedis(server, { queueName, count: acknowledged })
    const delivered = messages.map(({ body }) => ({ event: JSON.parse(String(body)), raw: String(body) }))
    checkLedger(t, load, delivered, options)
  }

  return { jelou, front, posts, add, load, check }
}

t.test('three replicas over one state', { timeout: LIMIT }, async t => {
  const server = await startRedis(t)
  if (server === null) return

  t.test('start together with one POST, and are restarted one by one under load', async t => {
    const { jelou, front, posts, add, load, check } = await cluster(t, server)
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, add))
    await Promise.all(replicas.map(ready))
    t.equal(posts(), 1, 'one POST')
    const talk = load()
    for (const replica of replicas) {
      await sleep(500)
      t.equal(await stop(replica), 0)
      front.remove(replica.publicUrl)
      await ready(await add())
    }
    await sleep(500)
    await check(t, talk)
    t.same(Object.keys(talk.answers), ['200'], 'every request was answered 200')
    t.equal(posts(), 1)
    t.equal(jelou.calls.filter(({ method }) => method === 'DELETE').length, 0)
  })

  t.test('rotate the secret under load', async t => {
    const { jelou, posts, add, load, check } = await cluster(t, server)
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, add))
    await Promise.all(replicas.map(ready))
    const talk = load()
    for (const replica of replicas) {
      const before = jelou.integration?.signingSecret
      await sleep(500)
      const { status, text } = await post(`${replica.adminUrl}/registration/rotate`, {})
      t.equal(status, 200, text)
      t.not(jelou.integration?.signingSecret, before)
    }
    await sleep(1000)
    await check(t, talk)
    t.same(Object.keys(talk.answers), ['200'], 'nothing was refused')
    t.equal(posts(), 1 + REPLICAS)
  })

  t.test('one is killed, one is paused for longer than its lease', async t => {
    const { posts, add, load, check, front } = await cluster(t, server)
    const [first, second, third] = await Promise.all([add(), add(), add()])
    await Promise.all([first, second, third].map(ready))
    const talk = load()
    await sleep(500)
    first.signal('SIGKILL')
    front.remove(first.publicUrl)
    await sleep(500)
    second.signal('SIGSTOP')
    await sleep(PAUSE / 2)
    t.equal((await post(`${third.adminUrl}/registration/rotate`, {})).status, 200)
    await sleep(PAUSE / 2)
    second.signal('SIGCONT')
    await sleep(3000)
    // What it had begun to read goes on when it wakes, although its sender has gone.
    await check(t, talk, { late: true })
    const { 200: good = 0, ...others } = talk.answers
    t.ok(good > 100)
    t.ok(
      Object.keys(others).every(status => ['502', 'none'].includes(status)),
      'no replica refused anything',
    )
    t.equal(posts(), 2)
    t.equal(await stop(second), 0)
    t.equal(await stop(third), 0)
  })
})
