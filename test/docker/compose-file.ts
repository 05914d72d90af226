import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

export const ROOT = join(import.meta.dirname, '../..')

const service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  profiles: z.array(z.string()).default([]),
  command: z.array(z.string()).default(['serve']),
  environment: z.record(z.string(), z.string()).default({}),
  network_mode: z.string().optional(),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  depends_on: z
    .record(z.string(), z.object({ condition: z.string(), restart: z.literal(true).optional() }))
    .default({}),
  healthcheck: z
    .looseObject({ disable: z.boolean().optional(), test: z.array(z.string()).optional() })
    .optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
})

const file = z.object({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
})

/** A service as docker-compose.yml has it, with what was left out. */
export type ComposeService = z.output<typeof service>

/** docker-compose.yml with its anchors and merges resolved. */
export function readCompose(): { services: Map<string, ComposeService>; volumes: string[] } {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
  const { services, volumes } = file.parse(
    Object.fromEntries(Object.entries(parse(text, { merge: true })).filter(([key]) => !key.startsWith('x-'))),
  )
  return { services: new Map(Object.entries(services)), volumes: Object.keys(volumes) }
}

/** The service of this name. Throws when there is none. */
export function serviceOf(name: string): ComposeService {
  const service = readCompose().services.get(name)
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`)
  return service
}
