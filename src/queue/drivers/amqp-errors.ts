import { AMQPError } from 'rabbitmq-client'
import { QueueFullError, QueueRefusedError, QueueUnavailableError } from '../../errors.ts'
import { connectionError } from './connection-error.ts'

/** Why RabbitMQ refuses, by the names that AMQP 0-9-1 has for its reply codes, and what to do about it. */
const REFUSALS: Readonly<Record<string, string>> = {
  ACCESS_REFUSED: 'check the user, its password and its permissions',
  NOT_FOUND: 'create it, or set QUEUE_ENSURE=true',
  PRECONDITION_FAILED:
    'delete it or change QUEUE_URL or QUEUE_NAME so that both agree, or set QUEUE_ENSURE=false',
  NOT_ALLOWED: 'check the virtual host in QUEUE_URL and its limits',
  RESOURCE_LOCKED: 'another connection has it for itself',
}

/**
 * An error of the client as one of ours. The replies of the server, which name what is missing or differs, are kept: they
 * hold names, never passwords.
 */
export function amqpError(cause: unknown): Error {
  if (!(cause instanceof AMQPError)) return connectionError(cause)
  if (isNack(cause)) return new QueueFullError('RabbitMQ rejects what is published to the queue', { cause })
  const advice = REFUSALS[cause.code]
  if (advice === undefined) return new QueueUnavailableError(`RabbitMQ: ${cause.code}`, { cause })
  return new QueueRefusedError(`${cause.message}: ${advice}`, { cause })
}

/** The most bytes that a message may have, when that is what the server says; undefined when it says anything else. */
export function limitOf(error: unknown): number | undefined {
  const [, limit] = (error instanceof AMQPError && /larger than .*max size (\d+)/.exec(error.message)) || []
  return limit === undefined ? undefined : Number(limit)
}

/** Whether the server refused one message: the queue is full, or too few of its replicas are there to take it. */
export function isNack(error: unknown): boolean {
  return error instanceof AMQPError && error.code === 'NACK'
}
