import type { Owner } from '../../brokers/owner.ts'
import { asked, startRedis } from '../../brokers/redis.ts'
import { freePort, type Server } from '../../brokers/server.ts'
import { makeCertificates } from '../../fixtures/certificates.ts'
import { deliveredOf, type Delivered, type Engine } from './engine.ts'

const PAGE = 1_000
// Its log is written anew again and again while the scene goes on.
const REWRITE = ['--auto-aof-rewrite-min-size', '1mb', '--auto-aof-rewrite-percentage', '50']

/** A Redis with a second port, which speaks TLS. */
type Secured = Server & { tls: { port: number; ca: string } }

async function startSecured(owner: Owner): Promise<Server | null> {
  const { path } = makeCertificates(owner)
  const port = await freePort()
  const files = { cert: 'server.pem', key: 'server.key', 'ca-cert': 'ca.pem' }
  const given = Object.entries(files).flatMap(([name, file]) => [`--tls-${name}-file`, path(file)])
  const tls = ['--tls-port', String(port), '--tls-auth-clients', 'no', ...given]
  const server = await startRedis(owner, { args: [...REWRITE, ...tls] })
  const secured: Secured | null = server && { ...server, tls: { port, ca: path('ca.pem') } }
  return secured
}

const tlsOf = (server: Server): Secured['tls'] => (server as Secured).tls

export const redis: Engine = {
  start: startSecured,
  secured: {
    port: server => tlsOf(server).port,
    queueUrl: port => `rediss://127.0.0.1:${port}`,
    environment: server => ({ QUEUE_CA_FILE: tlsOf(server).ca }),
  },
  queueUrl: port => `redis://127.0.0.1:${port}`,
  reader(server, queueName) {
    let last = '-'
    return () =>
      asked(server, async client => {
        const all: Delivered[] = []
        for (;;) {
          const entries = await client.xrangeBuffer(queueName, last, '+', 'COUNT', PAGE)
          for (const [id, fields] of entries) {
            last = `(${String(id)}`
            const at = fields.findIndex((name, index) => index % 2 === 0 && String(name) === 'event')
            all.push(deliveredOf(fields[at + 1] ?? ''))
          }
          if (entries.length < PAGE) return all
        }
      })
  },
  repeats: false,
}

export const bullmq: Engine = {
  ...redis,
  queueUrl: port => `bullmq://127.0.0.1:${port}`,
  secured: {
    port: server => tlsOf(server).port,
    queueUrl: port => `bullmqs://127.0.0.1:${port}`,
    environment: server => ({ QUEUE_CA_FILE: tlsOf(server).ca }),
  },
  reader(server, queueName) {
    const key = `bull:${queueName}`
    let read = 0
    return () =>
      asked(server, async client => {
        const all: Delivered[] = []
        for (;;) {
          // A worker takes from the end of the list; new jobs come in at its head.
          const ids = (await client.lrange(`${key}:wait`, -read - PAGE, -read - 1)).toReversed()
          const bodies = await Promise.all(ids.map(id => client.hgetBuffer(`${key}:${id}`, 'data')))
          all.push(...bodies.map(body => deliveredOf(body ?? '')))
          read += ids.length
          if (ids.length < PAGE) return all
        }
      })
  },
}
