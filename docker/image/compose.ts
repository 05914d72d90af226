import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { until } from './container.ts'
import type { Engine } from './engine.ts'
import type { Report } from './report.ts'

const FILE = join(import.meta.dirname, '../../docker-compose.yml')

/** As much of a service as those that start without a profile say. */
type Service = {
  profiles?: string[]
  command?: string[]
  environment?: Record<string, string>
  network_mode?: string
  volumes?: string[]
  healthcheck?: { disable: boolean }
}

/** Runs what `docker compose up` would, as the file describes it but without Docker's compose, in a network of its own. */
export async function checkCompose(
  { check }: Report,
  engine: Engine,
  tag: string,
  prefix: string,
): Promise<void> {
  const { services } = parse(await readFile(FILE, 'utf8'), { merge: true }) as {
    services: Record<string, Service>
  }
  const plain = Object.entries(services).filter(([, { profiles }]) => profiles === undefined)
  const nameOf = (service: string) => `${prefix}-${service}`
  try {
    await check(
      'as docker-compose.yml says, the consumer prints what the simulated Jelou sends',
      async () => {
        for (const [service, options] of plain)
          await engine.call(
            'run',
            '--detach',
            '--name',
            nameOf(service),
            ...optionsOf(engine, options, nameOf),
            tag,
            ...(options.command ?? []),
          )
        const consumer = nameOf('consumer')
        await until('three events are printed', async () => (await printedBy(engine, consumer)).length >= 3)
        for (const line of await printedBy(engine, consumer)) {
          const { specversion, source, type } = JSON.parse(line)
          assert.deepEqual(
            { specversion, source },
            { specversion: '1.0', source: 'urn:jelou:project:PROJECT_ID' },
          )
          assert.match(type, /^ai\.jelou\./)
        }
      },
    )
  } finally {
    for (const [service, { volumes = [] }] of plain.toReversed()) {
      await engine.call('rm', '--force', nameOf(service)).catch(() => {})
      for (const volume of volumes)
        await engine.call('volume', 'rm', '--force', nameOf(volume.split(':')[0] ?? '')).catch(() => {})
    }
  }
}

/** The lines of JSON that a container printed. */
async function printedBy(engine: Engine, name: string): Promise<string[]> {
  const lines = (await engine.logs(name)).split('\n')
  return lines.filter(line => line.startsWith('{'))
}

/** Loopback is all the network that they need. */
function optionsOf(engine: Engine, service: Service, nameOf: (service: string) => string): string[] {
  const [, owner] = service.network_mode?.split(':') ?? []
  return [
    ...engine.runOptions,
    '--network',
    owner === undefined ? 'none' : `container:${nameOf(owner)}`,
    ...Object.entries(service.environment ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(service.volumes ?? []).flatMap(volume => ['--volume', nameOf(volume)]),
    ...(service.healthcheck?.disable ? ['--no-healthcheck'] : []),
  ]
}
