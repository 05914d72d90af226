import type { DriverName } from '../schedule.ts'
import type { Engine } from './engine.ts'
import { kafka } from './kafka.ts'
import { nats } from './nats.ts'
import { rabbitmq } from './rabbitmq.ts'
import { bullmq, redis } from './redis.ts'
import { sqs } from './sqs.ts'

/** The brokers by the names of the drivers; the embedded queue has none. */
export const ENGINES: Record<Exclude<DriverName, 'embedded'>, Engine> = {
  redis,
  bullmq,
  rabbitmq,
  nats,
  kafka,
  sqs,
}
