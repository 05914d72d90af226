import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { describeVariables } from '../../src/config.ts'
import { readCompose, ROOT, serviceOf } from './compose-file.ts'
import { find, kubernetesFile, manifestsOf, statefulSet } from './manifests.ts'
import { testDirectory } from '../fixtures/directory.ts'

const document = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')
const { services } = readCompose()
const receiver = serviceOf('receiver')

/** The first block of this language that holds the text. */
function block(language: string, text: string): string {
  const blocks = [...document.matchAll(/```(\w+)\n([^]*?)```/g)]
  const found = blocks.find(([, kind, body = '']) => kind === language && body.includes(text))
  if (found === undefined) throw new Error(`docs/deploy.md has no ${language} block with ${text}`)
  return found[2] ?? ''
}

t.test('docker run takes away what compose takes away, and gives as much time to drain', async t => {
  const command = block('sh', 'docker run')
  const {
    cap_drop: capabilities,
    security_opt: [option = ''],
    stop_grace_period: grace = '',
    ports,
  } = receiver
  t.match(
    command,
    ` --read-only --cap-drop ${capabilities.join()} --security-opt ${option.replace(':true', '')} `,
  )
  t.match(command, ` --stop-timeout ${Number.parseInt(grace)} `)
  t.match(command, /--volume [\w-]+:\/data /)
  t.match(command, ` --publish ${ports[0]} `)
})

t.test('every profile is told of, and what is started by its name is there', async t => {
  const profiles = new Set([...services.values()].flatMap(({ profiles }) => profiles))
  const table = document.slice(document.indexOf('--profile … up'), document.indexOf('It is for looking'))
  for (const profile of profiles) t.match(table, `\`${profile}\``)
  const named = [...document.matchAll(/docker compose (?:up|stop) ([\w-]+)/g)].map(match => String(match[1]))
  t.same(
    named.filter(name => !services.has(name)),
    [],
  )
  t.ok(named.length > 1)
})

t.test('the Secret has what the manifests read from it, and secrets alone', async t => {
  const keys = [...block('sh', 'create secret').matchAll(/--from-literal=(\w+)=/g)].map(match =>
    String(match[1]),
  )
  const secrets = new Set(describeVariables().flatMap(({ name, secret }) => (secret ? [name] : [])))
  t.same(
    keys.filter(key => !secrets.has(key)),
    ['NATS_TOKEN'],
  )
  const files = ['base/service-monitor.yaml', 'replicas/receivers.yaml', 'replicas/nats.yaml'].map(
    kubernetesFile,
  )
  const read = files.flatMap(text =>
    [...text.matchAll(/name: jelou-receiver, key: (\w+)/g)].map(match => String(match[1])),
  )
  t.equal(read.length, 3)
  t.same(
    read.filter(key => !keys.includes(key)),
    [],
  )
})

const skip = spawnSync('kubectl', ['kustomize', '--help']).status !== 0 && 'kubectl is not installed'

for (const folder of ['base', 'replicas']) {
  t.test(`a folder of one's own changes settings and image of ${folder}`, { skip }, async t => {
    const written = block('yaml', 'Kustomization')
    // Kustomize wants a relative path.
    const directory = testDirectory(t)
    const resource = join(relative(directory, join(ROOT, 'docker/kubernetes')), folder)
    const text = written
      .replace('jelou-receiver/docker/kubernetes/base', resource)
      .replace('my-project', 'another')
    t.not(text, written)
    const own = testDirectory(t, { 'kustomization.yaml': text })
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', own], { encoding: 'utf8' })
    const rendered = manifestsOf(stdout)
    t.ok(rendered.length > 0, stderr)
    const { template } = statefulSet.parse(find(rendered, 'StatefulSet')).spec
    const [container] = template.spec.containers
    t.equal(container?.image, 'my-registry.example.com/jelou-receiver:0.1.0')
    t.match(find(rendered, 'ConfigMap', container?.envFrom[0]?.configMapRef?.name)['data'], {
      JELOU_PROJECT_ID: 'another',
      ADMIN_HOST: '0.0.0.0',
    })
  })
}
