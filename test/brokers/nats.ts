import type { Test } from 'tap'
import { launch, type Server } from './server.ts'

/** A NATS server with JetStream. */
export async function startNats(t: Test): Promise<Server | null> {
  return launch(t, {
    name: 'nats',
    program: 'nats-server',
    args: ({ port, folder }) => ['-js', '-a', '127.0.0.1', '-p', `${port}`, '-sd', folder],
  })
}
