import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { until, type Containers } from './container.ts'
import type { EngineError } from './engine.ts'
import type { Report } from './report.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Well within what Docker itself waits before it kills, in ms. */
const PROMPT = 8_000

/** A service that runs in containers of these names, one after another, on one volume. */
export type Subject = {
  report: Report
  containers: Containers
  jelou: Simulator
  name: string
  volume: string
  env: Record<string, string>
  publicUrl: string
}

/** How a container runs that has nothing but its volume. */
export async function checkHardening({ report: { check }, containers, name, env }: Subject): Promise<void> {
  await check('a wrong configuration ends it with 1 and names what is wrong', async () => {
    await assert.rejects(containers.once({}, ['serve']), (error: EngineError) => {
      assert.match(error.printed, /JELOU_PROJECT_ID is required/)
      assert.match(error.message, /ended with 1:/)
      return true
    })
  })
  await check('the client of every broker can be loaded', async () => {
    const { optionalDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const clients = Object.keys(optionalDependencies)
    assert.ok(clients.length >= 5)
    const script = clients.map(client => `await import('${client}')`).join('\n')
    await containers.once({}, ['--input-type=module', '--eval', script], ['--entrypoint', 'node'])
  })
  await check('read-only, without capabilities and unprivileged it becomes healthy', async () => {
    await containers.healthy(name)
    await assert.rejects(
      containers.exec(name, 'env', 'PORT=1', 'node', '/app/docker/healthcheck.js'),
      /127\.0\.0\.1:1\/healthz/,
    )
  })
  await check('process 1 is node itself, as user 1000 with no rights', async () => {
    const status = await containers.exec(name, 'cat', '/proc/1/status')
    assert.match(status, /^Name:\s+(?:node|MainThread)$/m)
    assert.match(status, /^Uid:\s+1000\s+1000\s+1000\s+1000$/m)
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'))
    assert.match(status, /^NoNewPrivs:\s+1$/m)
  })
  await check('nothing but the volume can be written, and what is there is for its user alone', async () => {
    for (const folder of ['/app', '/tmp', '/home/node'])
      await assert.rejects(containers.exec(name, 'touch', `${folder}/a`), /Read-only file system/)
    const modes = await containers.exec(name, 'sh', '-c', 'stat -c "%a %u" /data/receiver /data/receiver/*')
    for (const mode of modes.split('\n')) assert.match(mode, /^[67]00 1000$/)
  })
  await check('another command of the program runs in it', async () => {
    const status = JSON.parse(await containers.once(env, ['status', '--json']))
    assert.equal(status.status, 'ready')
  })
}

/** What becomes of an event when its container is killed, and when it is replaced. */
export async function checkEvents(subject: Subject & { adminUrl: string }): Promise<void> {
  const { report, containers, jelou, name, volume, env, publicUrl } = subject
  const { check } = report
  const first = jelou.event('text', 'room-1')
  const second = jelou.event('text', 'room-1')
  const send = async (event: typeof first, options?: Parameters<Simulator['send']>[1]) => {
    const { status, body } = await jelou.send(event, options)
    return { status, ...(JSON.parse(body) as { status?: string; id: string }), http: status }
  }
  const replace = async () => {
    await containers.remove(name)
    await containers.start(name, { volume, env })
    await isReady(publicUrl)
  }

  const id = await check('it registers, takes a signed event and refuses a forged one', async () => {
    assert.equal((await send(second, { signature: 'forged' })).http, 401)
    const answer = await send(first)
    assert.deepEqual([answer.http, answer.status], [200, 'accepted'])
    return answer.id
  })
  await check('killed and replaced on the same volume it knows the event and its secret', async () => {
    await containers.kill(name)
    await replace()
    const answer = await send(first)
    assert.deepEqual([answer.http, answer.status, answer.id], [200, 'duplicate', id])
    assert.equal((await send(second)).status, 'accepted')
    assert.equal(jelou.calls.filter(({ method }) => method === 'POST').length, 1, 'it registered once')
  })
  await check('at SIGTERM it ends with 0, promptly', async () => {
    const { status, took } = await containers.stop(name)
    assert.equal(status, 0)
    assert.ok(took < PROMPT, `${Math.round(took)} ms`)
  })
  await check('replaced again it hands over both events, in order, byte for byte', async () => {
    await replace()
    const events = await received(subject, 2)
    assert.equal(events[0]?.id, id)
    assert.deepEqual(
      events.map(({ data }) => JSON.stringify(data)),
      [first, second].map(event => JSON.stringify(event)),
    )
  })
}

/** Another user of the operator's choice, and a volume that nobody has written to: a new one, or a folder. */
export async function checkVolume(subject: Subject, user: string): Promise<void> {
  const { report, containers, publicUrl, name, volume, env } = subject
  const what = volume.startsWith('/') ? 'a folder that others may write to' : 'a new volume'
  await report.check(`it runs as user ${user} on ${what}`, async () => {
    await containers.start(name, { volume, env, user })
    await isReady(publicUrl)
    const [uid] = user.split(':')
    assert.match(await containers.exec(name, 'cat', '/proc/1/status'), new RegExp(`^Uid:\\s+${uid}\\s`, 'm'))
    assert.equal((await containers.stop(name)).status, 0)
    await containers.remove(name)
  })
}

export async function isReady(publicUrl: string): Promise<void> {
  await until('the service is ready', async () => (await fetch(`${publicUrl}/readyz`)).ok)
}

/** Takes this many events off the embedded queue; one key's are leased one after another. */
async function received(
  { adminUrl }: { adminUrl: string },
  count: number,
): Promise<{ id: string; data: unknown }[]> {
  const call = async (
    path: string,
    body: object,
  ): Promise<{ messages: { lease: string; event: never }[] }> => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(adminUrl + path, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200)
    return answer.json() as ReturnType<typeof call>
  }
  const events: { id: string; data: unknown }[] = []
  while (events.length < count) {
    const { messages } = await call('/queue/receive', { max: 1, wait: '10s' })
    assert.equal(messages.length, 1, 'a message comes')
    await call('/queue/ack', { leases: messages.map(({ lease }) => lease) })
    events.push(...messages.map(({ event }) => event))
  }
  return events
}
