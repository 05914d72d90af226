import { Registry } from 'prom-client'
import { rejectedAnswer } from './answers.ts'
import { queueFiguresAnswer } from './queue-figures.ts'
import { guarded, UNREADABLE } from './refused.ts'
import { statusAnswer } from './status-answer.ts'

/** What the routes of the private listener are described with that have no file of their own. */

export const STATUS = {
  operationId: 'status',
  summary: 'What the service is doing',
  tags: ['service'],
  response: { 200: statusAnswer, ...guarded() },
}

export const METRICS = {
  operationId: 'metrics',
  summary: 'For Prometheus',
  tags: ['service'],
  response: {
    200: {
      description: 'The metrics, in the text format of Prometheus',
      content: { [Registry.PROMETHEUS_CONTENT_TYPE]: { schema: { type: 'string' } } },
    },
    ...guarded(),
  },
}

export const REJECTED = {
  operationId: 'listRejected',
  summary: 'The last refused requests to the webhook, without what they carried',
  tags: ['service'],
  response: { 200: rejectedAnswer, ...guarded() },
}

export const QUEUE_STATS = {
  operationId: 'queueStats',
  summary: 'How full the queue is',
  tags: ['queue'],
  response: { 200: queueFiguresAnswer, ...guarded(...UNREADABLE) },
}
