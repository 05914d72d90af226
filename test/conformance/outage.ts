import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Server } from '../brokers/server.ts'
import { call } from './http.ts'
import { checkLedger } from './ledger.ts'
import { SECRET, startLoad, TOKEN } from './load.ts'
import { startReady, stop, variables, type Service } from './service.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** A broker under the whole service. */
export type BrokerOutage = {
  start: (t: Test) => Promise<Server | null>
  queueUrl: (server: Server) => string
  /** All messages of the queue in order, by a client that has nothing to do with the service. */
  read: (server: Server, at: { queueName: string; count: number }) => Promise<{ body: Buffer }[]>
  /** Whether the engine stores an event once that is published twice. */
  deduplicates: boolean
  /** What the broker's client wants of the environment. */
  environment?: Record<string, string>
}

const ROOMS = 16
/** In ms. */
const BEFORE = 2_000
const AWAY = 10_000
const AFTER = 3_000
const LONGEST_ANSWER = 3_000
const LIMIT = 180_000

/** The broker is killed under load and comes back: no caller notices, and nothing that was acknowledged is missing. */
export function brokerOutage(t: Test, broker: BrokerOutage): void {
  t.setTimeout(LIMIT)
  void t.test('the broker is killed under load for 10 s and back', { timeout: LIMIT }, async t => {
    const server = await broker.start(t)
    if (server === null) return
    if (server.process === null) return t.fail('the server must be of our own to be killed')
    const directory = testDirectory(t)
    const queueName = `outage-${crypto.randomUUID()}`
    const environment = variables(directory, {
      JELOU_SIGNING_SECRET: SECRET,
      WEBHOOK_AUTHORIZATION: TOKEN,
      QUEUE_URL: broker.queueUrl(server),
      QUEUE_NAME: queueName,
      ...broker.environment,
    })
    const service = await startReady(t, environment)
    const load = startLoad(t, { rooms: ROOMS, pause: 20 })
    load.up(service.webhookUrl)
    await sleep(BEFORE)
    await server.process.kill('SIGKILL')
    await sleep(AWAY)
    t.ok((await waiting(service)) > 0, 'what comes meanwhile waits on this machine')
    await server.process.start()
    await sleep(AFTER)
    await load.end()
    t.same(Object.keys(load.answers), ['200'], 'every request was answered 200')
    t.ok(load.slowest() < LONGEST_ANSWER, `the slowest answer took ${Math.round(load.slowest())} ms`)

    t.comment(`the slowest answer took ${Math.round(load.slowest())} ms`)

    while ((await waiting(service)) > 0) await sleep(100)
    const acknowledged = [...load.ledger.values()].filter(sent => sent.acknowledged).length
    const messages = await broker.read(server, { queueName, count: acknowledged })
    const delivered = messages.map(({ body }) => ({ event: JSON.parse(String(body)), raw: String(body) }))
    checkLedger(t, load, delivered, { repeats: !broker.deduplicates })
    t.equal(await stop(service), 0)
  })
}

/** How many events are on this machine and not yet at the broker. */
export async function waiting({ adminUrl }: Service, headers: Record<string, string> = {}): Promise<number> {
  const { text } = await call(`${adminUrl}/queue/stats`, { headers })
  const { waiting, leased, delayed }: Record<string, number> = JSON.parse(text)
  return Number(waiting) + Number(leased) + Number(delayed)
}
