import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { launch } from '../../brokers/server.ts'
import { PATH, SECRET, TOKEN } from '../load/events.ts'
import { countStream } from './brokers.ts'
import type { Running, Start, Subject } from './subject.ts'

const VERSION = '4.1.15'
const require = createRequire(import.meta.url)
const { XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env
/** As .ci/kafka does. */
const CACHE = join(XDG_CACHE_HOME, 'jelou-receiver', `node-red-${VERSION}`)
const PROGRAM = join(CACHE, 'node_modules/node-red/red.js')

/** Made once, with npm, outside of the project: it is no dependency. Resolves with why it could not be, if it could not. */
async function install(): Promise<string | undefined> {
  if (existsSync(PROGRAM)) return undefined
  mkdirSync(CACHE, { recursive: true })
  const args = [
    'install',
    '--prefix',
    CACHE,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `node-red@${VERSION}`,
  ]
  return promisify(execFile)('npm', args, { timeout: 180_000 }).then(
    () => undefined,
    () => `npm cannot install node-red ${VERSION}`,
  )
}

/** What a function node does, with what the settings give it. It gets the bytes: the node before it parses nothing. */
const FUNCTION = `
const crypto = global.get('crypto'), redis = global.get('redis'), config = global.get('config')
const same = (a, b) => a.length === b.length && crypto.timingSafeEqual(Buffer.from(a), Buffer.from(b))
const { authorization = '', 'x-jelou-signature': signature = '' } = msg.req.headers
const body = msg.payload
const expected = 'sha256=' + crypto.createHmac('sha256', config.secret).update(body).digest('hex')
msg.statusCode = 401
if (same(authorization, 'Bearer ' + config.token) && same(signature, expected)) {
  const event = JSON.parse(body)
  await redis.xadd(config.stream, '*', 'type', event.event_type || event.event, 'event', body)
  msg.statusCode = 200
}
msg.payload = { status: msg.statusCode }
return msg
`

const FLOW = [
  { id: 'flow', type: 'tab', label: 'webhook' },
  {
    id: 'in',
    z: 'flow',
    type: 'http in',
    url: PATH,
    method: 'post',
    skipBodyParsing: true,
    wires: [['work']],
  },
  { id: 'work', z: 'flow', type: 'function', func: FUNCTION, outputs: 1, wires: [['out']] },
  { id: 'out', z: 'flow', type: 'http response', wires: [] },
]

function settings(port: number, stream: string): string {
  const config = { secret: SECRET, token: TOKEN, stream }
  const ioredis = require.resolve('ioredis')
  return `
const { Redis } = require(${JSON.stringify(ioredis)})
module.exports = {
  uiHost: '127.0.0.1', httpAdminRoot: false, flowFile: 'flows.json', credentialSecret: false,
  logging: { console: { level: 'error', metrics: false, audit: false } },
  functionGlobalContext: {
    crypto: require('crypto'),
    redis: new Redis({ host: '127.0.0.1', port: ${port}, enableAutoPipelining: true }),
    config: ${JSON.stringify(config)},
  },
}
`
}

async function startNodeRed(at: Start): Promise<Running | null> {
  const reason = await install()
  if (reason !== undefined) {
    at.scope.pass('node-red', { skip: reason })
    return null
  }
  const redis = await at.brokers.use('redis', at.scope)
  if (redis === null) return null
  const file = (name: string) => join(at.folder, name)
  writeFileSync(file('settings.js'), settings(redis.port, at.queueName))
  writeFileSync(file('flows.json'), JSON.stringify(FLOW))
  const args = [PROGRAM, '--userDir', at.folder, '--settings', file('settings.js')]
  const server = await launch(at.scope, {
    name: 'node-red',
    program: process.execPath,
    args: ({ port }) => [...args, '--port', `${port}`],
    env: () => ({ NODE_ENV: 'production' }),
    async ready({ host, port }) {
      const answer = await fetch(`http://${host}:${port}${PATH}`, { method: 'POST', body: '{}' })
      if (answer.status !== 401) throw new Error(`it answers ${answer.status}`)
    },
  })
  return (
    server && {
      url: `http://${server.host}:${server.port}`,
      pid: server.process?.pid(),
      broker: redis.usage,
      stored: () => countStream(redis, at.queueName),
    }
  )
}

export const NODE_RED: Subject = {
  name: 'node-red',
  group: 'instead',
  traffic: 'fresh',
  about: 'Node-RED: HTTP in, a function that verifies and waits for `XADD`, HTTP response',
  start: startNodeRed,
}
