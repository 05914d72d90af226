import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { z } from 'zod'
import { consume } from './admin/consume.ts'
import { buildApp } from './app.ts'
import { loadConfig, type Config } from './config.ts'
import { loggerOptions } from './logger.ts'
import type { EventType, JelouEvent } from './simulator/events.ts'
import { createSimulator, type Simulator } from './simulator/simulator.ts'

/**
 * Where the steps are printed; `once` ends after the first conversation, otherwise the signal does. `jelou` is the
 * simulated one, which the demonstration starts and closes.
 */
export type DemoOptions = { out: Writable; once: boolean; signal: AbortSignal; jelou?: Simulator }

type Say = (step: string, text: string) => void

const PAUSE = 2000

/**
 * A simulated Jelou, the real receiver with its embedded queue, and a consumer: the whole job on one machine.
 * Throws the signal's reason when it is ended before the first conversation is through.
 */
export async function demo(options: DemoOptions): Promise<void> {
  const {
    out,
    once,
    signal,
    jelou = createSimulator({ projectId: 'demo-project', apiKey: randomUUID() }),
  } = options
  const say: Say = (step, text) => void out.write(`${step.padEnd(10)}${text}\n`)
  const directory = await mkdtemp(join(tmpdir(), 'jelou-receiver-demo-'))
  const ending = new AbortController()
  const running = AbortSignal.any([signal, ending.signal])
  const fail = (error: Error) => ending.abort(error)
  const config = await demoConfig(jelou, directory)
  const app = await buildApp(config, {
    log: pino(loggerOptions('error')),
    onFatal: fail,
  })
  try {
    const { adminUrl } = await app.start()
    say('simulate', `a simulated Jelou listens at ${config.JELOU_API_URL}`)
    say('look', `a page shows what happens here: ${adminUrl}/`)
    await until(() => app.registrar.accepted() !== null, running)
    const { webhookUrl, authType } = app.registrar.status()
    say(
      'create',
      `the receiver registered ${webhookUrl} (${authType}) and kept the signing secret, shown only once`,
    )

    const consumed = new Set<string>()
    const printer = consumerOf(consumed, say)
    const target = { url: adminUrl, token: undefined }
    const consuming = consume({ ...target, out: printer, signal: running, onRetry: fail }).catch(fail)
    const accepted = await converse(jelou, say)
    await until(() => accepted.every(id => consumed.has(id)), running)
    say('done', `${accepted.length} events were accepted, and each was consumed once`)
    if (once) ending.abort()
    else say('', 'From now on a message every two seconds; Ctrl-C ends it.')
    while (await passed(PAUSE, running)) await deliver(jelou, say, jelou.event('text'))
    await consuming
  } finally {
    await app.drain()
    await jelou.close()
    await rm(directory, { recursive: true })
  }
}

async function demoConfig(jelou: Simulator, directory: string): Promise<Config> {
  const environment = {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    PUBLIC_URL: 'http://127.0.0.1:0',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: join(directory, 'data'),
  }
  return loadConfig(environment, join(directory, '.env'))
}

/** A small conversation, a redelivery and a forgery. Resolves with the ids of the accepted events. */
async function converse(jelou: Simulator, say: Say): Promise<string[]> {
  const next = (type: EventType) => deliver(jelou, say, jelou.event(type))
  const message = jelou.event('text')
  const ids = [await next('conversation.start'), await deliver(jelou, say, message)]
  await deliver(jelou, say, message, 'the same message again')
  const forged = await jelou.send(jelou.event('text'), { signature: 'forged' })
  say('verify', `a forged message -> ${forged.status} ${answer.parse(JSON.parse(forged.body)).code}`)
  return [...ids, await next('image'), await next('conversation.close')]
}

const answer = z.object({ status: z.string(), id: z.string(), code: z.string() }).partial()

async function deliver(jelou: Simulator, say: Say, event: JelouEvent, what = nameOf(event)): Promise<string> {
  const { status, body } = await jelou.send(event)
  const { status: outcome, id = '' } = answer.parse(JSON.parse(body))
  say('verify', `${what}, signed by Jelou -> ${status} ${outcome}`)
  say('queue', `${id.slice(0, 12)}... is synced to disk`)
  return id
}

function nameOf({ event, value }: JelouEvent): string {
  return typeof event === 'string' ? event : `message ${JSON.stringify(value)}`
}

function consumerOf(consumed: Set<string>, say: Say): Writable {
  const envelope = z.object({ id: z.string(), type: z.string(), partitionkey: z.string() })
  return new Writable({
    write(line: Buffer, _encoding, done) {
      const { id, type, partitionkey } = envelope.parse(JSON.parse(line.toString()))
      consumed.add(id)
      say('consumed', `${id.slice(0, 12)}... ${type} of ${partitionkey}`)
      done()
    },
  })
}

async function until(isDone: () => boolean, signal: AbortSignal): Promise<void> {
  while (!isDone()) if (!(await passed(10, signal))) throw signal.reason
}

async function passed(delay: number, signal: AbortSignal): Promise<boolean> {
  return sleep(delay, true, { signal }).catch(() => false)
}
