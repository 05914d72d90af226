import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import type { Owner } from '../brokers/owner.ts'
import { POSTGRES, startPostgres } from '../brokers/postgres.ts'
import { proxy, type Proxy } from '../brokers/proxy.ts'
import { startNats } from '../brokers/nats.ts'
import { startRedis } from '../brokers/redis.ts'
import { freePort, type Server, type ServerProcess } from '../brokers/server.ts'
import { balancer } from '../conformance/balancer.ts'
import { variables } from '../conformance/service.ts'
import { makeClock, type Clock } from './clock.ts'
import { embeddedConsumer } from './queues/embedded.ts'
import type { Engine, Reader } from './queues/engine.ts'
import { Replica, type Ending } from './replica.ts'
import type { Scene, StateName } from './schedule.ts'
import { makeVolume, type Volume } from './volume.ts'

/** A server with the proxy before it that the service goes through. */
export type Remote = { server: ServerProcess; link: Proxy }

/** Everything that a scene is played with. */
export type Arena = {
  scene: Scene
  jelou: Simulator
  jelouLink: Proxy
  replicas: Replica[]
  /** Of each replica, where this machine lets us mount any. */
  volumes: Volume[]
  broker?: Remote
  state?: Remote
  clock?: Clock
  reader: Reader
  /** Whether the contract allows that the event with this id comes out twice. */
  mayRepeat: (id: string) => boolean
  /** Processes that ended, or did not begin, although nobody had ended them; with when, in ms of `performance`. */
  endings: (Ending & { at: number })[]
}

/** `folder` is the scene's own; `cache` is kept from scene to scene. */
export type ArenaOptions = {
  folder: string
  cache: string
  volumes: boolean
  /** The broker that runs already, with what is known of it; none for the embedded queue. */
  broker?: { engine: Engine; server: Server }
}

const STATES: Record<
  Exclude<StateName, 'file'>,
  { start: (owner: Owner) => Promise<Server | null>; url: (port: number) => string }
> = {
  redis: { start: startRedis, url: port => `redis://127.0.0.1:${port}` },
  nats: { start: startNats, url: port => `nats://127.0.0.1:${port}` },
  postgres: {
    start: startPostgres,
    url: port => `postgres://${POSTGRES.user}:${POSTGRES.password}@127.0.0.1:${port}/${POSTGRES.database}`,
  },
}

/** Starts everything of a scene but the services, which are ready to be started; all ends with the owner. */
export async function makeArena(owner: Owner, scene: Scene, options: ArenaOptions): Promise<Arena> {
  const { folder } = options
  const jelou = createSimulator({ projectId: `chaos-${scene.driver}-${scene.seed}` })
  owner.teardown(() => jelou.close())
  const { port } = new URL(await jelou.listen())
  const jelouLink = await proxy(owner, { host: '127.0.0.1', port: Number(port) })
  const clock = scene.clock ? makeClock(folder) : undefined
  const remote = options.broker && (await connectBroker(owner, options.broker, scene.tls))
  const state = scene.state === 'file' ? undefined : await startState(owner, scene.state)
  const queueName = options.broker?.engine.queueName?.(jelou.projectId) ?? jelou.projectId
  const shared = {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: `http://127.0.0.1:${jelouLink.port}/jelouapi/v1`,
    JELOU_SECRET_LOST: 'recreate',
    STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    NODE_COMPILE_CACHE: options.cache,
    ...scene.settings,
    ...(remote && { QUEUE_URL: remote.url, QUEUE_NAME: queueName, ...remote.environment }),
    ...(state && { STATE_URL: state.url }),
    ...clock?.environment,
  }
  const front = scene.replicas > 1 ? await balancer(owner) : undefined
  const volumes: Volume[] = []
  const endings: Arena['endings'] = []
  const replicas: Replica[] = []
  for (let number = 0; number < scene.replicas; number++) {
    const home = options.volumes ? makeVolume(owner, folder, `disk-${number}`) : undefined
    if (home) volumes.push(home)
    const path = home?.path ?? join(folder, `disk-${number}`)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const own = String(await freePort())
    const publicUrl = `http://127.0.0.1:${own}`
    const environment = variables(path, { ...shared, PORT: own, PUBLIC_URL: front?.url ?? publicUrl })
    const ended = (ending: Ending): void => void endings.push({ ...ending, at: performance.now() })
    replicas.push(new Replica({ owner, number, environment, publicUrl, ended }))
    front?.add(publicUrl)
  }

  const adminUrl = (): string | undefined => replicas[0]?.service?.adminUrl

  function reading(broker: ArenaOptions['broker']): Pick<Arena, 'reader' | 'mayRepeat'> {
    if (broker === undefined) return embeddedConsumer(adminUrl, scene.consumed ? owner : undefined)
    const { reader, repeats } = broker.engine
    return { reader: reader(broker.server, queueName), mayRepeat: () => repeats }
  }

  return {
    scene,
    jelou,
    jelouLink,
    replicas,
    volumes,
    ...(remote && { broker: remote.broker }),
    ...(state && { state: state.remote }),
    ...(clock && { clock }),
    ...reading(options.broker),
    endings,
  }
}

async function connectBroker(
  owner: Owner,
  { engine, server }: NonNullable<ArenaOptions['broker']>,
  tls: boolean,
) {
  if (server.process === null) throw new TypeError('the broker must be of our own to be killed')
  if (tls) {
    if (engine.secured === undefined) throw new TypeError('it has no port for TLS')
    const link = await proxy(owner, { host: server.host, port: engine.secured.port(server) })
    const environment = engine.secured.environment(server)
    return { broker: { server: server.process, link }, url: engine.secured.queueUrl(link.port), environment }
  }
  const { port, listen } = engine.behind?.(server) ?? { port: server.port, listen: undefined }
  const link = await proxy(owner, { host: server.host, port }, listen)
  const { environment = {} } = engine
  return { broker: { server: server.process, link }, url: engine.queueUrl(link.port), environment }
}

async function startState(owner: Owner, name: Exclude<StateName, 'file'>) {
  const { start, url } = STATES[name]
  const server = await start(owner)
  if (server === null || server.process === null) throw new Error(`${name} cannot be run`)
  const link = await proxy(owner, server)
  return { remote: { server: server.process, link }, url: url(link.port) }
}
