import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../../brokers/server.ts'
import { launch } from '../../brokers/server.ts'
import { PATH, SECRET, TOKEN } from '../load/events.ts'
import { countJobs, countRabbitmq, countStream, type BrokerName, type Count } from './brokers.ts'
import { startProgram } from './program.ts'
import type { Running, Start, Subject } from './subject.ts'

type ByHand = {
  name: string
  about: string
  broker: BrokerName
  count: Count
  environment: (server: Server, queueName: string) => Record<string, string>
}

const onRedis = ({ port }: Server, queueName: string) => ({ PORT_OF_REDIS: `${port}`, QUEUE: queueName })

const BY_HAND: ByHand[] = [
  {
    name: 'fastify-bullmq',
    about: 'by hand: a Fastify handler that verifies and waits for `queue.add` of BullMQ',
    broker: 'redis',
    count: countJobs,
    environment: onRedis,
  },
  {
    name: 'fastify-xadd',
    about: 'by hand: a Fastify handler that verifies and waits for `XADD`',
    broker: 'redis',
    count: countStream,
    environment: onRedis,
  },
  {
    name: 'node-rabbitmq',
    about:
      'by hand, in the way of `@octokit/webhooks`: `node:http`, verified, a confirmed publish to RabbitMQ',
    broker: 'rabbitmq',
    count: countRabbitmq,
    environment: ({ port }, queueName) => ({
      URL_OF_RABBITMQ: `amqp://guest:guest@127.0.0.1:${port}`,
      QUEUE: queueName,
    }),
  },
]

async function startByHand(at: Start, by: ByHand): Promise<Running | null> {
  const server = await at.brokers.use(by.broker, at.scope)
  if (server === null) return null
  const program = await startProgram(at.scope, `${by.name}.ts`, by.environment(server, at.queueName))
  return { ...program, broker: server.usage, stored: () => by.count(server, at.queueName) }
}

/** Debian's `webhook`, which runs a program for each event: verified by its own rules, answered when `redis-cli` is done. */
async function startDebianWebhook(at: Start): Promise<Running | null> {
  const redis = await at.brokers.use('redis', at.scope)
  if (redis === null) return null
  const file = join(at.folder, 'hooks.json')
  writeFileSync(file, JSON.stringify([hook(redis.port, at.queueName)]))
  const server = await launch(at.scope, {
    name: 'webhook',
    program: 'webhook',
    args: ({ port }) => [
      '-hooks',
      file,
      '-ip',
      '127.0.0.1',
      '-port',
      `${port}`,
      '-urlprefix',
      PATH.split('/')[1] ?? '',
    ],
  })
  return (
    server && {
      url: `http://127.0.0.1:${server.port}`,
      pid: server.process?.pid(),
      broker: redis.usage,
      stored: () => countStream(redis, at.queueName),
    }
  )
}

const text = (name: string) => ({ source: 'string', name })
const header = (name: string) => ({ source: 'header', name })

function hook(port: number, stream: string) {
  const command = ['-p', `${port}`, '-e', 'XADD', stream, '*', 'event'].map(text)
  return {
    id: PATH.split('/')[2],
    'execute-command': 'redis-cli',
    'pass-arguments-to-command': [...command, { source: 'entire-payload' }],
    'include-command-output-in-response': true,
    'trigger-rule-mismatch-http-response-code': 401,
    'trigger-rule': {
      and: [
        { match: { type: 'value', value: `Bearer ${TOKEN}`, parameter: header('Authorization') } },
        { match: { type: 'payload-hmac-sha256', secret: SECRET, parameter: header('X-Jelou-Signature') } },
      ],
    },
  }
}

const instead = { group: 'instead', traffic: 'fresh' } as const

/** What a user would write or take instead. */
export const INSTEAD: Subject[] = [
  ...BY_HAND.map((by): Subject => ({
    ...instead,
    name: by.name,
    about: by.about,
    start: at => startByHand(at, by),
  })),
  {
    ...instead,
    name: 'debian-webhook',
    about: "Debian's `webhook`: verified by its rules, answered when `redis-cli XADD` has ended",
    start: startDebianWebhook,
  },
]
