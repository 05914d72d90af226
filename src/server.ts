import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import { leaveSignals } from './early-end.ts'
import { createLogger } from './logger.ts'

/**
 * These tell of a fault of the processor, such as a page of a mapped file that a broken disk cannot take. A listener for one
 * returns to the very instruction that failed, for ever: it must end the process.
 */
const FAULTS = ['SIGBUS', 'SIGSEGV', 'SIGFPE', 'SIGILL', 'SIGTRAP'] as const

/**
 * The process: opens, listens, registers, and on SIGTERM, SIGINT or a fatal error drains. Exit status 0 after a signal
 * and a clean drain; 1 after a fatal error, a second signal, or when draining takes too long.
 */
export async function serve(config: Config): Promise<void> {
  const log = await createLogger(config.LOG_LEVEL)
  let fatal: Error | undefined
  let isEnding = false
  const app = await buildApp(config, { log, onFatal: end })
  const delay = config.SHUTDOWN_DELAY + config.SHUTDOWN_TIMEOUT
  const shutdown = closeWithGrace({ delay, logger: log, skip: [...FAULTS] }, async ({ signal, err }) => {
    isEnding = true
    if (err) log.fatal({ err }, 'uncaught error')
    log.info({ signal }, 'shutting down')
    await app.drain()
    if (fatal) throw fatal
    log.info('shut down')
  })
  leaveSignals()

  function end(error: Error): void {
    fatal = error
    shutdown.close()
  }

  try {
    const { publicUrl, adminUrl } = await app.start()
    log.info({ publicUrl, adminUrl, queue: app.queue.name }, 'listening')
  } catch (error) {
    // What is told to end while it opens cannot be opened.
    if (!isEnding) end(error as Error)
  }
}
