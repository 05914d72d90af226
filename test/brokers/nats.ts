import { setTimeout as sleep } from 'node:timers/promises'
import { jetstream, type JsMsg } from '@nats-io/jetstream'
import { connect, type ConnectionOptions } from '@nats-io/transport-node'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Owner } from './owner.ts'
import { launch, type Server } from './server.ts'

/** NATS with JetStream on a random port; see `launch`. `config` is more lines of its configuration. */
export function startNats(
  t: Owner,
  {
    config = () => '',
    jetstream = true,
  }: { config?: (at: { folder: string }) => string; jetstream?: boolean } = {},
): Promise<Server | null> {
  return launch(t, {
    name: 'nats',
    program: 'nats-server',
    args: ({ port, folder }) => ['-a', '127.0.0.1', '-p', String(port), '-c', join(folder, 'nats.conf')],
    async prepare(at) {
      const storage = jetstream ? `jetstream { store_dir: ${JSON.stringify(at.folder)} }\n` : ''
      await writeFile(join(at.folder, 'nats.conf'), storage + config(at))
    },
  })
}

/** All messages of a stream in order, once there are `count`, by a client that knows nothing of the driver. */
export async function readNats(
  server: ConnectionOptions,
  { stream, count }: { stream: string; count: number },
): Promise<JsMsg[]> {
  for (;;) {
    try {
      const connection = await connect(server)
      try {
        const consumer = await jetstream(connection).consumers.get(stream)
        const messages: JsMsg[] = []
        while (messages.length < count)
          for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 1_000 })) {
            messages.push(message)
            if (message.info.pending === 0) break
          }
        return messages
      } finally {
        await connection.close()
      }
    } catch {
      await sleep(100)
    }
  }
}

/** The CloudEvents attributes in the headers of a message, by their names in CloudEvents. */
export function ceHeadersOf({ headers }: JsMsg): Record<string, string> {
  const names = [...(headers?.keys() ?? [])].filter(name => name.startsWith('ce-'))
  return Object.fromEntries(names.map(name => [name.slice(3), decodeURIComponent(headers?.get(name) ?? '')]))
}
