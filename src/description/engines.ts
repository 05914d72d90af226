/** A broker that events are consumed from: what docs/engines says of it, in AsyncAPI's terms. */
export type Engine = {
  title: string
  protocol: string
  /** Where it is unless the address says otherwise. */
  host: string
  description: string
  /** Default: the name of the queue. */
  address?: string
  /** AsyncAPI's bindings of the channel and of the message, where there are any. */
  bindings?: object
  message?: object
  /** What stands before the name of an attribute where the message has it as a header, and which are in the payload alone. */
  headers?: { prefix: string; without?: readonly string[] }
}

export const ENGINES: Record<string, Engine> = {
  redis: {
    title: 'Redis or Valkey streams',
    protocol: 'redis',
    host: 'localhost:6379',
    description:
      'A stream. Each entry is one event: the payload is its field `event`, and the attributes are fields beside it',
    headers: { prefix: '' },
  },
  bullmq: {
    title: 'BullMQ',
    protocol: 'redis',
    host: 'localhost:6379',
    description:
      'A queue of BullMQ. Each job is one event: its id is the job id, its type the name, the payload the data',
  },
  rabbitmq: {
    title: 'RabbitMQ',
    protocol: 'amqp',
    host: 'localhost:5672',
    description:
      'A quorum queue, bound to the topic exchange of the same name. The routing key is the type of the event',
    bindings: {
      amqp: {
        is: 'queue',
        queue: { name: '{queueName}', durable: true, exclusive: false, autoDelete: false },
        bindingVersion: '0.3.0',
      },
    },
    headers: { prefix: 'cloudEvents:' },
  },
  nats: {
    title: 'NATS JetStream',
    protocol: 'nats',
    host: 'localhost:4222',
    address: '{queueName}.{type}.{key}',
    description:
      'The stream `QUEUE_NAME`, a dot in it written as =. A consumer may filter by type, as in `jelou-events.ai.jelou.message.>`',
    headers: { prefix: 'ce-' },
  },
  kafka: {
    title: 'Kafka',
    protocol: 'kafka',
    host: 'localhost:9092',
    description: 'A topic. Events with one key are in one partition, in order',
    bindings: { kafka: { topic: '{queueName}', bindingVersion: '0.5.0' } },
    message: {
      kafka: {
        key: { type: 'string', description: 'The partition key, UTF-8' },
        bindingVersion: '0.5.0',
      },
    },
    headers: { prefix: 'ce_' },
  },
  sqs: {
    title: 'Amazon SQS',
    protocol: 'sqs',
    host: 'sqs.eu-west-1.amazonaws.com',
    description:
      'A queue, FIFO when its name ends in `.fifo`: then the message group is the partition key, or its SHA-256 where SQS cannot take it',
    bindings: { sqs: { queue: { name: '{queueName}', fifoQueue: false }, bindingVersion: '0.2.0' } },
    // It takes ten, and two more of them would be too many.
    headers: { prefix: 'ce_', without: ['subject', 'datacontenttype', 'traceparent', 'tracestate'] },
  },
}
