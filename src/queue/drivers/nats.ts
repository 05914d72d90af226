import type { BrokerOptions, QueueDriver } from '../types.ts'
import { hostAfter } from './host.ts'
import { linkedQueue } from './linked-queue.ts'
import { openNatsLink } from './nats-link.ts'
import { natsSettings } from './nats-settings.ts'

/**
 * NATS JetStream: a stream in files, which knows the ids of events for as long as `dedupeWindow`. Confirmed means that the
 * stream's leader, and a majority of its replicas, have the event. Throws ConfigError for a bad QUEUE_URL or name.
 */
export function createNatsQueue(options: BrokerOptions): QueueDriver {
  const settings = natsSettings(options)
  return linkedQueue({
    name: 'nats',
    deduplicates: true,
    timeout: options.timeout,
    log: options.log,
    open: ({ signal, failures, onLost }) =>
      openNatsLink(settings, options, { host: hostAfter(failures, settings.hosts), signal, onLost }),
  })
}
