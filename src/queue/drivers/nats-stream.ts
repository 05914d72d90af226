import { JetStreamApiCodes, JetStreamApiError, jetstreamManager, type StreamConfig } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { QueueRefusedError } from '../../errors.ts'
import type { BrokerOptions } from '../types.ts'
import type { NatsSettings } from './nats-settings.ts'
import { covers } from './nats-subject.ts'

/**
 * Sees that there is a stream that takes the events. One that exists is used as it is; what it may lose is logged. Throws
 * QueueRefusedError, or what the client throws.
 */
export async function ensureStream(
  connection: NatsConnection,
  { stream }: NatsSettings,
  { ensure, queueName, timeout, log }: BrokerOptions,
): Promise<void> {
  const { streams } = await jetstreamManager(connection, { checkAPI: false, timeout })
  let config: StreamConfig
  try {
    config = (await streams.info(stream.name)).config
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error
    if (!ensure)
      throw new QueueRefusedError(`the stream ${stream.name} is missing: create it, or set QUEUE_ENSURE=true`)
    await streams.add(stream)
    return
  }
  if (!config.subjects?.some(subject => covers(subject, queueName)))
    throw new QueueRefusedError(
      `the stream ${stream.name} does not take ${queueName}.>: add that to its subjects`,
    )
  if (config.no_ack) throw new QueueRefusedError(`the stream ${stream.name} confirms nothing (no_ack)`)
  const weak = weaknesses(config, stream)
  if (weak.length > 0) log.warn({ stream: stream.name, weak }, 'the stream may lose events')
}

function weaknesses(config: StreamConfig, wanted: NatsSettings['stream']): string[] {
  return [
    config.storage !== 'file' && 'it is in memory',
    config.retention === 'interest' && 'it keeps nothing while it has no consumer',
    config.discard === 'old' &&
      (config.max_bytes > 0 || config.max_msgs > 0) &&
      'it drops the oldest when it is full',
    config.duplicate_window < wanted.duplicate_window && 'it forgets ids before DEDUPE_WINDOW',
  ].filter(weakness => weakness !== false)
}
