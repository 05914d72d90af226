import { z } from 'zod'
import { ConfigError } from '../../errors.ts'
import { settingsOf } from '../settings.ts'
import type { BrokerOptions } from '../types.ts'

/** Where the queue is. Without `region` the SDK looks for one itself; without `url` the queue is asked for by its name. */
export type SqsSettings = { name: string; url?: string; region?: string; endpoint?: string; fifo: boolean }

// As AWS gives it in the host: sqs.eu-west-1.amazonaws.com, vpce-….sqs.eu-west-1.vpce.amazonaws.com.
const REGION_IN_HOST = /(?:^|\.)sqs\.([a-z]{2}(?:-[a-z]+)+-\d)\./
const NAME = /^[\w-]{1,80}$|^[\w-]{1,75}\.fifo$/

/**
 * Settings of `sqs://REGION`, where QUEUE_NAME is the queue, or of a queue's own URL, which names it. Throws ConfigError.
 */
export function sqsSettings({ url, queueName }: Pick<BrokerOptions, 'url' | 'queueName'>): SqsSettings {
  const problem = (what: string) => new ConfigError(`QUEUE_URL (${url.protocol}//…): ${what}`)
  if (url.username || url.password)
    throw problem(
      'holds no credentials: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by a role',
    )
  if (url.protocol === 'sqs:') {
    const { endpoint } = settingsOf(url, { endpoint: z.url({ protocol: /^https?$/ }).optional() })
    if (url.pathname.length > 1 || url.port)
      throw problem(
        'is sqs://REGION, without a port or path: QUEUE_NAME is the queue, ?endpoint= another server',
      )
    checkName(queueName, 'QUEUE_NAME')
    return {
      name: queueName,
      fifo: isFifo(queueName),
      ...(url.hostname && { region: url.hostname }),
      ...(endpoint && { endpoint }),
    }
  }
  const { region = REGION_IN_HOST.exec(url.hostname)?.[1] } = settingsOf(url, {
    region: z.string().min(1).optional(),
  })
  const [, account, name, ...rest] = url.pathname.split('/')
  if (!account || !name || rest.length > 0) throw problem("a queue's URL is https://HOST/ACCOUNT/NAME")
  checkName(name, 'the name of the queue')
  return {
    name,
    fifo: isFifo(name),
    url: url.origin + url.pathname,
    endpoint: url.origin,
    ...(region && { region }),
  }
}

function isFifo(name: string): boolean {
  return name.endsWith('.fifo')
}

function checkName(name: string, what: string): void {
  if (!NAME.test(name))
    throw new ConfigError(
      `${what} for SQS: at most 80 letters, digits, - and _, and .fifo at the end of a FIFO queue's`,
    )
}
