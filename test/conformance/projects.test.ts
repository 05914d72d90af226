import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { asked, readRedis, startRedis } from '../brokers/redis.ts'
import { freePort } from '../brokers/server.ts'
import { call } from './http.ts'
import { ready, start, variables, type Service } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.setTimeout(120_000)

const server = await startRedis(t)

/** A service of this Jelou's project; queue and state are those that every service here has. */
async function service(
  t: Test,
  jelou: Simulator,
  { apiUrl, key }: { apiUrl: string; key: string },
): Promise<Service> {
  const port = await freePort()
  const address = `redis://127.0.0.1:${server?.port}`
  const environment = variables(t.testdirName, {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: apiUrl,
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    PORT: String(port),
    QUEUE_URL: address,
    STATE_URL: address,
    STATE_ENCRYPTION_KEY: key,
    DATA_DIR: join(t.testdirName, `data-${port}`),
  })
  const running = await start(t, environment)
  await ready(running)
  return running
}

async function registrationOf({ adminUrl }: Service): Promise<Record<string, unknown>> {
  const { text } = await call(`${adminUrl}/status`)
  return (JSON.parse(text) as { registration: Record<string, unknown> }).registration
}

function simulator(t: Test, projectId: string): Simulator {
  const jelou = createSimulator({ projectId })
  t.teardown(() => jelou.close())
  return jelou
}

if (server !== null) {
  t.test('two projects over one queue server and one state server never meet', async t => {
    const names = ['first', 'second'].map(name => `${name}-${crypto.randomUUID()}`)
    const jelous = names.map(name => simulator(t, name))
    testDirectory(t)
    const key = randomBytes(32).toString('base64')
    const starting = jelous.map(async jelou => service(t, jelou, { apiUrl: await jelou.listen(), key }))
    await Promise.all(starting)
    for (const jelou of jelous)
      for (let place = 0; place < 3; place++)
        t.equal((await jelou.send(`{"event":"${jelou.projectId}","place":${place}}`)).status, 200)

    for (const name of names) {
      const entries = await readRedis(server, { queueName: `jelou-events-${name}`, count: 3 })
      t.same(
        entries.map(({ headers }) => `${headers['source']} ${headers['type']}`),
        Array(3).fill(`urn:jelou:project:${name} ai.jelou.${name}`),
      )
    }
    const keys = await asked(server, client => client.keys('*'))
    t.same(
      keys.filter(key => !names.some(name => key.includes(name))),
      [],
      'every key is named by its project',
    )
    const secrets = jelous.map(({ integration }) => integration?.signingSecret)
    t.equal(new Set(secrets).size, 2)
    const dump = await asked(server, async client => {
      const values = keys.map(async key => [
        key,
        ...(await client.hgetall(key).then(Object.values, () => [])),
      ])
      return JSON.stringify(await Promise.all(values))
    })
    for (const secret of secrets) t.notOk(dump.includes(String(secret)), 'no secret is there in clear text')
  })

  t.test('a second service of a project at another URL says so and changes nothing', async t => {
    const jelou = simulator(t, `project-${crypto.randomUUID()}`)
    testDirectory(t)
    const shared = { apiUrl: await jelou.listen(), key: randomBytes(32).toString('base64') }
    const first = await service(t, jelou, shared)
    const second = await service(t, jelou, shared)
    let registration = await registrationOf(second)
    while (registration['phase'] !== 'conflict') {
      await sleep(50)
      registration = await registrationOf(second)
    }
    t.match(registration['lastError'], new URL(first.publicUrl).host, 'the other one is named')
    t.equal(jelou.integration?.webhookUrl, first.webhookUrl)
    t.same(
      jelou.calls.filter(({ method }) => method !== 'GET').map(({ method }) => method),
      ['POST'],
      'nobody fights over the webhook',
    )
    t.equal((await jelou.send('{"event":"message"}')).status, 200)

    // As in a rolling deploy: the one at the old address goes, and the other takes over.
    first.signal('SIGTERM')
    t.equal(await first.exited, 0)
    while (jelou.integration?.webhookUrl !== second.webhookUrl) await sleep(50)
    t.equal((await jelou.send('{"event":"message","after":true}')).status, 200)
  })
}
