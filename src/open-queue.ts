import { statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { tlsOf, type Config } from './config.ts'
import { makeDirectory } from './make-directory.ts'
import { queueNameOf } from './queue-name.ts'
import { createSpoolStore, createSqliteQueue } from './queue/drivers/sqlite.ts'
import { openBroker } from './queue/open.ts'
import { measured, type Meter } from './queue/measured.ts'
import { createSpool, type SpoolFigures, type SpoolOptions } from './queue/spool.ts'
import type { DeadLetters, DriverLog, QueueConsumer, QueueDriver, QueueStats } from './queue/types.ts'

/** What nobody waits for has as long as brokers need on a bad day, however short PUBLISH_TIMEOUT is, in ms. */
const LEAST_PATIENCE = 2_000

/** The queue as the service has it: embedded, or a broker with a spool before it. */
export interface ServiceQueue extends QueueDriver {
  /** Counts of what is on this machine. */
  stats(): Promise<QueueStats>
  readonly deadLetters: DeadLetters
  /** Only the embedded queue has one: brokers bring their own. */
  readonly consumer?: QueueConsumer
  /** Only with a broker. */
  figures?(): SpoolFigures
}

/** Who is told of what the driver does, and of each event that the spool brought to the queue. */
export type QueueWatchers = { meter: Meter; drained: SpoolOptions['drained'] }

/** The queue that is configured, not connected yet. Throws ConfigError for bad settings, QueueClientError for a missing client, DirectoryError when its file can have no place. */
export async function openQueue(
  config: Config,
  log: FastifyBaseLogger,
  { meter, drained }: QueueWatchers,
): Promise<ServiceQueue> {
  const embedded = { file: queueFileOf(config), dedupeWindow: config.DEDUPE_WINDOW, log }
  const driver = await openConfiguredBroker(config, log)
  makeDirectory(dirname(embedded.file))
  if (driver === null) {
    const queue = createSqliteQueue(embedded)
    const { consumer } = queue
    return { ...measured(queue, meter), stats: () => queue.stats(), consumer, deadLetters: consumer }
  }
  const store = createSpoolStore({ ...embedded, maxSize: config.SPOOL_LIMIT })
  return createSpool({
    driver: measured(driver, meter),
    store,
    publishTimeout: config.PUBLISH_TIMEOUT,
    patience: patienceOf(config),
    // The rest is for what comes before and after it.
    drainTimeout: config.SHUTDOWN_TIMEOUT / 2,
    log,
    ...(drained && { drained }),
  })
}

/** The broker that is configured, without the spool; null for the embedded queue. Throws as openQueue does. */
export async function openConfiguredBroker(config: Config, log: DriverLog): Promise<QueueDriver | null> {
  const { QUEUE_URL } = config
  if (QUEUE_URL.driver === 'sqlite') return null
  return openBroker({
    url: QUEUE_URL.url,
    queueName: config.QUEUE_NAME,
    ensure: config.QUEUE_ENSURE,
    timeout: patienceOf(config),
    dedupeWindow: config.DEDUPE_WINDOW,
    tls: tlsOf(config, 'QUEUE'),
    log,
  })
}

function patienceOf({ PUBLISH_TIMEOUT }: Config): number {
  return Math.max(PUBLISH_TIMEOUT, LEAST_PATIENCE)
}

/**
 * The file of the embedded queue, or of the spool. By the project, so that it is the same before and after a broker: what waits in it
 * goes wherever QUEUE_URL says.
 */
export function queueFileOf({ QUEUE_URL, DATA_DIR, JELOU_PROJECT_ID }: Config): string {
  const file = QUEUE_URL.driver === 'sqlite' ? QUEUE_URL.file : undefined
  return file ?? join(DATA_DIR, `${queueNameOf(JELOU_PROJECT_ID)}.sqlite`)
}

/** What the metrics tell of it besides what the driver does. Sizes in bytes. */
export function queueMetricsOf(config: Config, queue: ServiceQueue) {
  const directory = dirname(queueFileOf(config))
  return {
    driver: queue.name,
    stats: () => queue.stats(),
    spool: queue.figures?.bind(queue),
    remembers: config.DEDUPE_WINDOW > 0,
    spoolLimit: config.SPOOL_LIMIT,
    async free() {
      const { bavail, bsize } = await statfs(directory)
      return bavail * bsize
    },
  }
}
