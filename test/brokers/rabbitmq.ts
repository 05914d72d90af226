import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { env } from 'node:process'
import { promisify } from 'node:util'
import { Connection, type SyncMessage } from 'rabbitmq-client'
import type { Owner } from './owner.ts'
import { freePort, launch, type Server } from './server.ts'

/** Debian's wrappers on the PATH insist on being the user rabbitmq: this is what they call. */
const PROGRAMS = '/usr/lib/rabbitmq/bin'
/** Until a new queue survives kill -9, in ms. */
const SETTLING = 4_000

/** What a user may configure, write and read, as regular expressions on names. */
export type RabbitmqUser = { name: string; password: string; configure: string; write: string; read: string }

export type RabbitmqOptions = {
  /** More users than guest, who may do everything. */
  users?: RabbitmqUser[]
  /** More lines of rabbitmq.conf. */
  config?: (at: { folder: string }) => string[]
}

export type Rabbitmq = Server & {
  /** Runs rabbitmqctl on it, where it is our own. */
  control: (...args: string[]) => Promise<void>
}

/** RabbitMQ with one node of its own on a random port; see `launch`. Its largest message is that of version 4, 16 MiB. */
export async function startRabbitmq(t: Owner, options: RabbitmqOptions = {}): Promise<Rabbitmq | null> {
  const [epmdPort, distPort] = [await freePort(), await freePort()]
  let environment: NodeJS.ProcessEnv = {}
  const server = await launch(t, {
    name: 'rabbitmq',
    program: `${PROGRAMS}/rabbitmq-server`,
    args: () => [],
    env: () => environment,
    async prepare({ port, folder }) {
      const config = join(folder, 'rabbitmq.conf')
      const definitions = join(folder, 'definitions.json')
      const script = join(folder, 'rabbitmq-env.conf')
      environment = {
        HOME: folder,
        ERL_EPMD_PORT: String(epmdPort),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_NODENAME: `jelou-${port}@localhost`,
        RABBITMQ_DIST_PORT: String(distPort),
        RABBITMQ_MNESIA_BASE: join(folder, 'data'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_CONF_ENV_FILE: script,
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
      }
      await writeFile(
        config,
        [
          `listeners.tcp.local = 127.0.0.1:${port}`,
          `load_definitions = ${definitions}`,
          'max_message_size = 16777216',
          'disk_free_limit.absolute = 1MB',
          ...(options.config?.({ folder }) ?? []),
        ].join('\n'),
      )
      await writeFile(definitions, JSON.stringify(definitionsOf(options.users ?? [])))
      // In the group of the server, so that it ends with it: the one that Erlang would start is a daemon, which stays.
      await writeFile(
        script,
        `epmd -port ${epmdPort} -address 127.0.0.1 &\nuntil epmd -port ${epmdPort} -names >/dev/null 2>&1; do sleep 0.05; done\n`,
      )
    },
  })
  if (server === null) return null
  const process = server.process && {
    ...server.process,
    async kill(signal?: NodeJS.Signals) {
      // Which replica of a quorum queue lies where is written a few seconds after the queue was made, not at once.
      if (signal === 'SIGKILL') await sleep(SETTLING)
      await server.process?.kill(signal)
    },
  }
  return {
    ...server,
    process,
    async control(...args) {
      await promisify(execFile)(`${PROGRAMS}/rabbitmqctl`, args, {
        env: { PATH: env.PATH, ...environment, RABBITMQ_CONF_ENV_FILE: '/nonexistent' },
      })
    },
  }
}

/**
 * Reads queues by a client of its own, which knows nothing of the driver. It keeps what it took, since a quorum queue
 * does not put back in order: each call gives everything that ever was in the queue, once there are `count`.
 */
export function readRabbitmq(url: string) {
  const taken = new Map<string, SyncMessage[]>()
  return async ({ queueName, count }: { queueName: string; count: number }): Promise<SyncMessage[]> => {
    const messages = taken.get(queueName) ?? []
    taken.set(queueName, messages)
    const connection = new Connection({ url, noDelay: true, retryLow: 100, retryHigh: 500 })
    connection.on('error', () => {})
    try {
      while (messages.length < count) await takeAll(connection, queueName, messages).catch(() => sleep(100))
      return messages
    } finally {
      await connection.close()
    }
  }
}

async function takeAll(connection: Connection, queueName: string, messages: SyncMessage[]): Promise<void> {
  const channel = await connection.acquire()
  try {
    for (;;) {
      const message = await channel.basicGet({ queue: queueName })
      if (message === undefined) return await sleep(20)
      messages.push(message)
      channel.basicAck(message)
    }
  } finally {
    await channel.close()
  }
}

/** Where a message has the CloudEvents attributes, by their names in CloudEvents. */
export function headersOf({ headers = {} }: SyncMessage): Record<string, string> {
  const prefix = 'cloudEvents:'
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(attributes.map(([name, value]) => [name.slice(prefix.length), String(value)]))
}

function definitionsOf(users: RabbitmqUser[]) {
  const guest = { name: 'guest', password: 'guest', configure: '.*', write: '.*', read: '.*' }
  const all = [guest, ...users]
  return {
    vhosts: [{ name: '/' }],
    users: all.map(({ name, password }) => ({
      name,
      password_hash: passwordHash(password),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: '',
    })),
    permissions: all.map(({ name, configure, write, read }) => ({
      user: name,
      vhost: '/',
      configure,
      write,
      read,
    })),
  }
}

/** As the manual of RabbitMQ describes it: a salt of four bytes, and the digest of it and the password. */
function passwordHash(password: string): string {
  const salt = randomBytes(4)
  return Buffer.concat([salt, createHash('sha256').update(salt).update(password).digest()]).toString('base64')
}
