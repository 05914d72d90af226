import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import t from 'tap'
import { command as consume } from '../../src/commands/consume.ts'
import { command as simulate } from '../../src/commands/simulate.ts'
import { describeVariables, loadConfig, type Config } from '../../src/config.ts'
import { openBroker } from '../../src/queue/open.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { readCompose, ROOT, serviceOf } from './compose-file.ts'

const { services, volumes } = readCompose()
/** Those that run our image, by what they do. */
const ours = [...services].filter(([, { build }]) => build === '.')
const receivers = ours.filter(([, { command }]) => command[0] === 'serve')
const PROFILES = ['kafka', 'nats', 'observability', 'rabbitmq', 'redis', 'replicas', 'sqs']

function at(path: string): string {
  return readFileSync(join(ROOT, 'docker', path), 'utf8')
}

t.test('without a profile: the receiver, a simulator and a consumer', async t => {
  const plain = [...services].filter(([, { profiles }]) => profiles.length === 0).map(([name]) => name)
  t.same(plain, ['receiver', 'simulator', 'consumer'])
  const profiles = new Set([...services.values()].flatMap(({ profiles }) => profiles))
  t.same([...profiles].toSorted(), PROFILES)
})

t.test('each receiver has a configuration that the service takes', async t => {
  t.ok(receivers.length >= 9)
  const names = new Set(describeVariables().map(({ name }) => name))
  const { projectId, callers } = createSimulator()
  for (const [name, { environment }] of receivers) {
    // The others are read by Amazon's client.
    const unknown = Object.keys(environment).filter(key => !names.has(key) && !key.startsWith('AWS_'))
    t.same(unknown, [], name)
    const config = await loadConfig(environment, join(t.testdirName, 'no.env'))
    t.match(
      config,
      { JELOU_PROJECT_ID: projectId, JELOU_API_KEY: callers.apiKey },
      `${name}: the simulator's caller`,
    )
    t.equal(await brokerOf(config), config.QUEUE_URL.driver, `${name}: settings of the queue`)
  }
  const schemes = receivers.map(([, { environment }]) => environment['QUEUE_URL']?.split(':')[0] ?? 'sqlite')
  t.same([...new Set(schemes)].toSorted(), ['amqp', 'kafka', 'nats', 'redis', 'sqlite', 'sqs'])
})

/** Opens the driver, which does not connect yet, with these settings. */
async function brokerOf(config: Config): Promise<string> {
  const { QUEUE_URL } = config
  if (QUEUE_URL.driver === 'sqlite') return 'sqlite'
  const broker = await openBroker({
    url: QUEUE_URL.url,
    queueName: config.QUEUE_NAME,
    ensure: config.QUEUE_ENSURE,
    timeout: config.PUBLISH_TIMEOUT,
    dedupeWindow: config.DEDUPE_WINDOW,
    tls: {},
    log: pino({ level: 'silent' }),
  })
  await broker.close()
  return 'broker'
}

t.test(
  'each simulator and consumer lives in the network of a receiver, and its command is understood',
  async t => {
    const others = ours.filter(([, { command }]) => command[0] !== 'serve')
    t.same([...new Set(others.map(([, { command }]) => String(command[0])))].toSorted(), [
      'consume',
      'simulate',
    ])
    for (const [name, { command, network_mode: mode = '', environment }] of others) {
      t.same(environment, {}, name)
      t.match(mode, /^service:(?:receiver|balancer)/, name)
      const [called, ...args] = command
      const { options } = called === 'simulate' ? simulate : consume
      t.doesNotThrow(() => parseArgs({ args, options }), name)
    }
  },
)

t.test('what runs our image has no rights, and time to drain', async t => {
  for (const [name, service] of ours) {
    t.match(service, { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] }, name)
  }
  for (const [name, { environment, volumes, stop_grace_period: grace = '0s' }] of receivers) {
    const { SHUTDOWN_DELAY, SHUTDOWN_TIMEOUT } = await loadConfig(environment, join(t.testdirName, 'no.env'))
    t.ok(Number.parseInt(grace) * 1000 > SHUTDOWN_DELAY + SHUTDOWN_TIMEOUT, name)
    t.same(volumes, [`${name}:/data`], `${name}: a volume of its own`)
  }
})

t.test(
  'every image is one version, nothing is published beyond this machine, what is mounted is there',
  async t => {
    for (const [name, { image, ports, volumes: mounts }] of services) {
      t.match(image, image.startsWith('jelou-receiver:') ? /:compose$/ : /:v?\d+\.\d+\.\d+[\w.-]*$/, name)
      for (const port of ports) t.match(port, /^127\.0\.0\.1:\d+:\d+$/, name)
      for (const mount of mounts) {
        const [source = '', target = '', mode] = mount.split(':')
        t.match(target, /^\//, name)
        if (source.startsWith('./')) {
          t.equal(mode, 'ro', name)
          t.ok(existsSync(join(ROOT, source)), `${name}: ${source}`)
        } else t.ok(volumes.includes(source), `${name}: ${source}`)
      }
    }
    const used = [...services.values()].flatMap(({ volumes }) =>
      volumes.map(mount => String(mount.split(':')[0])),
    )
    t.same([...new Set(used)].filter(source => !source.startsWith('.')).toSorted(), volumes.toSorted())
    const published = [...services.values()].flatMap(({ ports }) => ports)
    t.equal(new Set(published.map(port => port.split(':')[1])).size, published.length)
  },
)

t.test('what is waited for starts with the same profiles and has a health check', async t => {
  for (const [name, { depends_on: dependencies, network_mode: mode, profiles }] of services) {
    const network = mode?.replace('service:', '')
    if (network !== undefined) t.ok(network in dependencies, name)
    for (const [other, { condition }] of Object.entries(dependencies)) {
      const { build, healthcheck, profiles: theirs } = serviceOf(other)
      t.equal(condition, 'service_healthy', `${name}: ${other}`)
      t.ok(
        build === '.' ? healthcheck === undefined : healthcheck?.test,
        `${name}: ${other} has a health check`,
      )
      t.ok(
        theirs.length === 0 || profiles.every(profile => theirs.includes(profile)),
        `${name}: ${other} starts with it`,
      )
    }
  }
})

t.test('the replicas share their state, and the balancer knows each', async t => {
  const replicas = receivers.filter(([, { profiles }]) => profiles.includes('replicas'))
  const settings = replicas.map(([, { environment }]) => environment)
  t.equal(settings.length, 3)
  for (const shared of ['QUEUE_URL', 'STATE_URL', 'STATE_ENCRYPTION_KEY', 'PUBLIC_URL'])
    t.equal(new Set(settings.map(environment => environment[shared])).size, 1, shared)
  const nginx = at('balancer/nginx.conf')
  const servers = [...nginx.matchAll(/server 127\.0\.0\.1:(\d+);/g)].map(match => match[1])
  t.same(
    servers,
    settings.map(({ PORT }) => PORT),
  )
  t.match(nginx, `listen ${new URL(settings[0]?.['PUBLIC_URL'] ?? '').port};`)
  const all = settings.flatMap(({ PORT, ADMIN_PORT }) => [PORT, ADMIN_PORT])
  t.equal(new Set(all).size, 6)
})

t.test('versions that stand in two places are the same', async t => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const major = packages['node_modules/node'].version.split('.')[0]
  t.match(dockerfile, `ARG NODE_IMAGE=node:${major}-bookworm-slim\n`)
  const sqs = at('sqs/Dockerfile')
  t.match(sqs, /ARG NODE_IMAGE=.*/.exec(dockerfile)?.[0])
  const { version } = packages['node_modules/fauxqs']
  t.match(sqs, ` fauxqs@${version}\n`)
  t.equal(serviceOf('sqs').image, `jelou-receiver-sqs:${version}`)
})

t.test('Grafana and Prometheus are given what they are told to read', async t => {
  const [, path = ''] = /path: (.*)/.exec(at('grafana/provisioning/dashboards/files.yml')) ?? []
  t.match(serviceOf('grafana').volumes, [/./, `./docker/grafana/dashboards:${path}:ro`])
  const { ADMIN_HOST, ADMIN_PORT } = await loadConfig(
    serviceOf('receiver').environment,
    join(t.testdirName, 'no.env'),
  )
  t.match(at('prometheus/prometheus.yml'), `targets: ['${ADMIN_HOST}:${ADMIN_PORT}']`)
  t.match(at('grafana/provisioning/datasources/prometheus.yml'), 'url: http://receiver:9090')
})

const skip =
  spawnSync('docker', ['compose', 'version']).status !== 0 && "Docker's compose plugin is not installed"

t.test('Docker itself understands it', { skip }, async t => {
  const profiles = PROFILES.flatMap(profile => ['--profile', profile])
  const { status, stderr } = spawnSync('docker', ['compose', ...profiles, 'config', '--quiet'], { cwd: ROOT })
  t.equal(status, 0, String(stderr))
})
