import { pino } from 'pino'
import type { Config } from '../config.ts'
import { queueFileOf, openConfiguredBroker } from '../open-queue.ts'
import { inspectQueue } from '../queue/drivers/sqlite-inspect.ts'
import { ok, wrong, type Finding } from './finding.ts'
import { reasonOf } from './reason.ts'

const QUIET = pino({ enabled: false })

/**
 * Whether the queue can be used as the service would use it, which makes a missing stream or queue at a broker too unless
 * QUEUE_ENSURE is `false`. `isRunning`: the service has the embedded queue open, and answers for it.
 */
export async function checkQueue(config: Config, isRunning: () => Promise<boolean>): Promise<Finding> {
  try {
    const broker = await openConfiguredBroker(config, QUIET)
    if (broker === null) return await checkEmbedded(queueFileOf(config), isRunning)
    try {
      await broker.connect()
      return ok(`${broker.name} answers, and ${config.QUEUE_NAME} can be used`)
    } finally {
      await broker.close()
    }
  } catch (error) {
    return wrong(reasonOf(error), 'start the queue or put it right, or check QUEUE_URL and QUEUE_NAME')
  }
}

async function checkEmbedded(file: string, isRunning: () => Promise<boolean>): Promise<Finding> {
  if (await isRunning()) return ok('the running service has the embedded queue open')
  const found = inspectQueue(file)
  if (found === 'missing') return ok(`${file} does not exist yet: the service makes it at its start`)
  if (found === 'unclean') return ok(`${file} was not closed: the service recovers it at its start`)
  return ok(`${file}: ${found.waiting} waiting, ${found.dead} dead`)
}
