import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { describeVariables, loadConfig, type Config } from '../../src/config.ts'
import { ROOT } from './compose-file.ts'
import { find, kubernetesFile, kustomization, manifestsOf, resourcesOf, statefulSet } from './manifests.ts'

const base = resourcesOf('base')
const replicas = resourcesOf('replicas')
const receiver = statefulSet.parse(find(base, 'StatefulSet')).spec
const nats = statefulSet.parse(find(replicas, 'StatefulSet', 'jelou-receiver-nats')).spec
const NAME = { 'app.kubernetes.io/name': 'jelou-receiver' }
const NATS = { 'app.kubernetes.io/name': 'jelou-receiver-nats' }

/** What docs/deploy.md says to put into the Secret. */
const SECRET: Record<string, string> = {
  JELOU_API_KEY: 'a-key',
  ADMIN_TOKEN: randomBytes(16).toString('hex'),
  STATE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
}
const settings = Object.fromEntries(
  kubernetesFile('base/settings.env')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)

function configOf(more: Record<string, string> = {}): Promise<Config> {
  return loadConfig({ ...settings, ...SECRET, ...more }, join(ROOT, 'docker/no.env'))
}

t.test(
  'the settings are variables of the service, none of them a secret, and make a configuration',
  async t => {
    const secrets = describeVariables().filter(({ secret }) => secret)
    const names = new Set(describeVariables().map(({ name }) => name))
    t.same(
      Object.keys(settings).filter(name => !names.has(name) || secrets.some(secret => secret.name === name)),
      [],
    )
    t.same(
      Object.keys(SECRET).filter(name => !secrets.some(secret => secret.name === name)),
      [],
    )
    const { PORT, ADMIN_PORT, SHUTDOWN_DELAY, SHUTDOWN_TIMEOUT } = await configOf()
    const { terminationGracePeriodSeconds: grace, containers } = receiver.template.spec
    t.same(containers[0]?.ports, [
      { name: 'http', containerPort: PORT },
      { name: 'admin', containerPort: ADMIN_PORT },
    ])
    t.ok(grace * 1000 > SHUTDOWN_DELAY + SHUTDOWN_TIMEOUT)
    t.ok(SHUTDOWN_DELAY > 0)
  },
)

t.test('every pod is what the restricted standard asks for, and more', async t => {
  t.match(find(base, 'Namespace', 'jelou').metadata.labels, {
    'pod-security.kubernetes.io/enforce': 'restricted',
  })
  for (const { template, volumeClaimTemplates } of [receiver, nats]) {
    const { securityContext, containers, automountServiceAccountToken } = template.spec
    t.match(securityContext, {
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
      // What the files' modes depend on.
      fsGroupChangePolicy: 'OnRootMismatch',
    })
    t.equal(automountServiceAccountToken, false)
    const [container] = containers
    t.same(container?.['securityContext'], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    t.match(container?.['resources'], { requests: { cpu: /./, memory: /./ }, limits: { memory: /./ } })
    t.match(container?.volumeMounts[0], { name: volumeClaimTemplates[0]?.metadata.name, mountPath: '/data' })
  }
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  t.match(dockerfile, /^VOLUME \/data$/m)
  t.match(dockerfile, /DATA_DIR=\/data\/\w/)
})

t.test('probes ask what answers, at ports that there are', async t => {
  const [container] = receiver.template.spec.containers
  t.match(container?.startupProbe, { httpGet: { path: '/healthz', port: 'http' } })
  t.match(container?.livenessProbe, { httpGet: { path: '/healthz', port: 'http' } })
  t.match(container?.readinessProbe, { httpGet: { path: '/readyz', port: 'http' } })
})

t.test('services, disruption budget, network policy and monitor mean these pods', async t => {
  const ports = new Set(receiver.template.spec.containers[0]?.ports.map(({ name }) => name))
  t.same(receiver.selector.matchLabels, NAME)
  t.same(receiver.template.metadata.labels, NAME)
  const services = base.filter(({ kind }) => kind === 'Service')
  t.ok(services.some(({ metadata }) => metadata.name === receiver.serviceName))
  for (const { spec = {} } of services) {
    t.same(spec['selector'], NAME)
    for (const { targetPort } of spec['ports'] as { targetPort: string }[]) t.ok(ports.has(targetPort))
  }
  t.same(find(base, 'PodDisruptionBudget').spec, { selector: { matchLabels: NAME }, maxUnavailable: 1 })

  const policy = find(base, 'NetworkPolicy').spec ?? {}
  t.match(policy, { podSelector: { matchLabels: NAME }, policyTypes: ['Ingress', 'Egress'] })
  const ingress = policy['ingress'] as { from: object[]; ports: { port: string }[] }[]
  t.same(
    ingress.map(rule => rule.ports.map(({ port }) => port)),
    [['http'], ['admin']],
  )
  t.ok(ingress.every(({ from }) => from.length > 0))

  const { selector, endpoints } = find(base, 'ServiceMonitor').spec as {
    selector: { matchLabels: object }
    endpoints: { port: string; path: string; authorization: { credentials: object } }[]
  }
  t.same(selector.matchLabels, find(base, 'Service', receiver.serviceName).metadata.labels)
  t.match(endpoints, [
    { port: 'admin', path: '/metrics', authorization: { credentials: { key: 'ADMIN_TOKEN' } } },
  ])
})

t.test('the image is that of the Dockerfile, in this version', async t => {
  const { version, name } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const [image] = kustomization('base').images
  t.match(image, { name: receiver.template.spec.containers[0]?.image, newTag: version })
  t.match(image?.newName, new RegExp(`/${name}$`))
})

t.test(
  'three replicas share the queue and the state of a broker that only they and consumers reach',
  async t => {
    const patch = find(manifestsOf(kubernetesFile('replicas/receivers.yaml')), 'StatefulSet')
    const { replicas: count, template } = patch.spec as typeof receiver
    t.equal(count, 3)
    const given = template.spec.containers[0]?.env.filter(({ value }) => value !== undefined) ?? []
    // As Kubernetes puts it in.
    const values = given.map(
      ({ name, value = '' }) => [name, value.replace('$(NATS_TOKEN)', 'a-token')] as const,
    )
    const config = await configOf(Object.fromEntries(values))
    const address = 'nats://a-token@jelou-receiver-nats:4222'
    t.equal(String(config.STATE_URL), address)
    t.equal(config.QUEUE_URL.driver === 'broker' && String(config.QUEUE_URL.url), address)

    t.same(nats.template.metadata.labels, NATS)
    t.same(find(replicas, 'Service', nats.serviceName).spec?.['selector'], NATS)
    t.match(nats.template.spec.containers[0]?.ports, [{ containerPort: 4222 }, { containerPort: 8222 }])
    t.match(kubernetesFile('replicas/nats.conf'), /listen: 0\.0\.0\.0:4222\nhttp: 0\.0\.0\.0:8222\n/)
    t.match(find(replicas, 'NetworkPolicy', 'jelou-receiver-nats').spec, {
      podSelector: { matchLabels: NATS },
      ingress: [{ from: [{ podSelector: { matchLabels: NAME } }, {}], ports: [{ port: 'client' }] }],
    })
    // A patch replaces the list: what the base allows is there, too.
    const [egress] = manifestsOf(kubernetesFile('replicas/network-policy.yaml')).map(
      ({ spec }) => spec?.['egress'],
    )
    const [own, ...more] = (egress as object[]).toReversed()
    t.same(more.toReversed(), find(base, 'NetworkPolicy').spec?.['egress'])
    t.match(own, { to: [{ podSelector: { matchLabels: NATS } }], ports: [{ port: 4222 }] })
  },
)

const skip = spawnSync('kubectl', ['kustomize', '--help']).status !== 0 && 'kubectl is not installed'

t.test('kustomize puts both together', { skip }, async t => {
  for (const [directory, pods] of [
    ['base', 1],
    ['replicas', 3],
  ] as const) {
    const { stdout, stderr, status } = spawnSync(
      'kubectl',
      ['kustomize', join(ROOT, 'docker/kubernetes', directory)],
      {
        encoding: 'utf8',
      },
    )
    t.equal(status, 0, stderr)
    const rendered = manifestsOf(stdout)
    t.ok(rendered.every(({ kind, metadata }) => kind === 'Namespace' || metadata['namespace'] === 'jelou'))
    const { spec } = statefulSet.parse(find(rendered, 'StatefulSet'))
    t.equal(spec.replicas, pods)
    t.match(spec.template.spec.containers[0]?.image, /^registry\.example\.com\/jelou-receiver:\d/)
    const settingsName = rendered.find(({ kind }) => kind === 'ConfigMap')?.metadata.name
    t.match(spec.template.spec.containers[0]?.envFrom, [{ configMapRef: { name: settingsName } }, {}])
  }
})
