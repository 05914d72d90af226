import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { ROOT } from '../documents/markdown.ts'
import { lock, manifest } from '../documents/lock.ts'

/** The parts of CycloneDX 1.5 that are used: https://cyclonedx.org/docs/1.5/json/ */
const component = z.strictObject({
  'bom-ref': z.string().min(1),
  type: z.enum(['application', 'library']),
  name: z.string().min(1),
  version: z.string().min(1),
  scope: z.enum(['required', 'optional', 'excluded']).optional(),
  author: z.string().optional(),
  description: z.string().optional(),
  purl: z.string().regex(/^pkg:npm\/[^@]+@[\w.+-]+$/),
  properties: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  externalReferences: z.array(z.looseObject({ type: z.string(), url: z.string() })).optional(),
  hashes: z
    .array(z.strictObject({ alg: z.literal('SHA-512'), content: z.string().regex(/^[\da-f]{128}$/) }))
    .optional(),
  licenses: z
    .array(
      z.union([
        z.strictObject({ license: z.strictObject({ id: z.string() }) }),
        z.strictObject({ expression: z.string() }),
      ]),
    )
    .min(1),
})
const bom = z.strictObject({
  $schema: z.string().optional(),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(['1.5', '1.6']),
  serialNumber: z.string().regex(/^urn:uuid:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/),
  version: z.literal(1),
  metadata: z.looseObject({ timestamp: z.iso.datetime(), component }),
  components: z.array(component),
  dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
})

t.test(
  'the bill of materials is valid, and names what runs in the service, all of it and nothing else',
  async t => {
    // As `npm run -s sbom` does it, without what tap puts before a program.
    const { PATH, HOME } = process.env
    const printed = execFileSync(process.execPath, [join(ROOT, 'docker/sbom.ts')], {
      env: { PATH, HOME },
      encoding: 'utf8',
    })
    const { metadata, components, dependencies } = bom.parse(JSON.parse(printed))
    const { name, version, license, scripts } = manifest
    t.equal(scripts.sbom, 'node docker/sbom.ts')
    t.match(metadata.component, {
      name,
      version,
      type: 'application',
      licenses: [{ license: { id: license } }],
    })

    const locked = lock.filter(({ dev }) => !dev)
    t.strictSame(
      [...new Set(components.map(({ purl }) => decodeURIComponent(purl)))].toSorted(),
      [...new Set(locked.map(one => `pkg:npm/${one.name}@${one.version}`))].toSorted(),
    )
    for (const { name, version, licenses, hashes = [] } of components) {
      const same = locked.find(one => one.name === name && one.version === version)
      t.same(
        licenses.map(one => ('license' in one ? one.license.id : one.expression)),
        [same?.license],
        `the licence of ${name}`,
      )
      const hash = Buffer.from(hashes[0]?.content ?? '', 'hex').toString('base64')
      t.equal(`sha512-${hash}`, same?.integrity, `the hash of ${name}`)
    }

    const refs = new Set([metadata.component, ...components].map(one => one['bom-ref']))
    t.equal(refs.size, components.length + 1, 'each has a reference of its own')
    t.strictSame(dependencies.map(({ ref }) => ref).toSorted(), [...refs].toSorted())
    const unknown = dependencies.flatMap(({ dependsOn = [] }) => dependsOn).filter(ref => !refs.has(ref))
    t.strictSame(unknown, [])
  },
)
