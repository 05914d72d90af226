import { spawn } from 'node:child_process'
import { on } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openBroker } from '../src/queue/open.ts'
import { startKafka } from './brokers/kafka.ts'
import { startNats } from './brokers/nats.ts'
import { startRabbitmq } from './brokers/rabbitmq.ts'
import { startRedis } from './brokers/redis.ts'
import type { Server } from './brokers/server.ts'
import { startSqs } from './brokers/sqs.ts'
import { brokerOptions } from './queue/fixtures/broker-options.ts'
import { messageWith } from './queue/fixtures/message.ts'
import { testDirectory } from './fixtures/directory.ts'

t.setTimeout(240_000)

type Example = {
  engine: string
  start: (t: Test) => Promise<Server | null>
  queueUrl: (port: number) => string
  /** What the text has instead of the test's server. */
  address: (port: number) => [string, string]
  environment?: (port: number) => Record<string, string>
}

const AWS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

const examples: Example[] = [
  {
    engine: 'Redis or Valkey stream',
    start: startRedis,
    queueUrl: port => `redis://127.0.0.1:${port}`,
    address: port => ['redis://localhost:6379', `redis://127.0.0.1:${port}`],
  },
  {
    engine: 'BullMQ',
    start: startRedis,
    queueUrl: port => `bullmq://127.0.0.1:${port}`,
    address: port => ['redis://localhost:6379', `redis://127.0.0.1:${port}`],
  },
  {
    engine: 'RabbitMQ',
    start: startRabbitmq,
    queueUrl: port => `amqp://guest:guest@127.0.0.1:${port}`,
    address: port => ['localhost:5672', `127.0.0.1:${port}`],
  },
  {
    engine: 'NATS JetStream',
    start: startNats,
    queueUrl: port => `nats://127.0.0.1:${port}`,
    address: port => ['localhost:4222', `127.0.0.1:${port}`],
  },
  {
    engine: 'Kafka',
    start: startKafka,
    queueUrl: port => `kafka://127.0.0.1:${port}`,
    address: port => ['127.0.0.1:9092', `127.0.0.1:${port}`],
  },
  {
    engine: 'Amazon SQS',
    start: startSqs,
    queueUrl: port => `sqs://eu-west-1?endpoint=http://127.0.0.1:${port}`,
    address: port => [
      'https://sqs.eu-west-1.amazonaws.com/123456789012',
      `http://127.0.0.1:${port}/000000000000`,
    ],
  },
]

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

function exampleOf(engine: string): string {
  const [, text = ''] = readme.split(`<summary>${engine}</summary>`)
  return /```js\n(.*?)```/s.exec(text)?.[1] ?? ''
}

for (const { engine, start, queueUrl, address } of examples) {
  t.test(`the consumer of ${engine} works as it stands in the README`, async t => {
    const server = await start(t)
    if (server === null) return
    const driver = await openBroker(
      brokerOptions(queueUrl(server.port), { queueName: 'jelou-events', timeout: 10_000 }),
    )
    t.teardown(() => driver.close())
    await driver.connect()

    // Within the repository, where its packages are found.
    const folder = testDirectory(t)
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'consumer.mjs')
    writeFileSync(file, exampleOf(engine).replace(...address(server.port)))
    const child = spawn(process.execPath, [file], { env: AWS, stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))

    await driver.publish(messageWith('room-1', '{"text":"hello"}'))
    let printed = ''
    for await (const [chunk] of on(child.stdout, 'data', { close: ['end'] })) {
      printed += String(chunk)
      if (printed.includes("text: 'hello'")) break
    }
    t.match(printed, /ai\.jelou\.message room-1 \{ text: 'hello' \}/)
  })
}
