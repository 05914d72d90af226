import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ROOT } from './compose-file.ts'

const labels = z.record(z.string(), z.string())
const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) })
const container = z.looseObject({
  image: z.string(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
  envFrom: z.array(z.looseObject({ configMapRef: z.object({ name: z.string() }).optional() })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
})
const pod = z.looseObject({
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.looseObject({}),
  containers: z.array(container).length(1),
})

/** As much of a StatefulSet as is looked at. */
export const statefulSet = z.looseObject({
  spec: z.looseObject({
    serviceName: z.string(),
    replicas: z.number(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({ metadata: z.object({ labels }), spec: pod }),
    volumeClaimTemplates: z.array(z.looseObject({ metadata: z.object({ name: z.string() }) })),
  }),
})

/** What any object of Kubernetes has. */
const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), labels: labels.optional() }),
  spec: z.record(z.string(), z.unknown()).optional(),
})

export type Manifest = z.output<typeof manifest>

/** The objects of a text with several documents. */
export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map(document => manifest.parse(document.toJS()))
}

/** A file of docker/kubernetes/. */
export function kubernetesFile(path: string): string {
  return readFileSync(join(ROOT, 'docker/kubernetes', path), 'utf8')
}

/** The objects in the files that a kustomization names itself. */
export function resourcesOf(directory: string): Manifest[] {
  const { resources } = kustomization(directory)
  const files = resources.filter(resource => !resource.startsWith('..'))
  return files.flatMap(file => manifestsOf(kubernetesFile(`${directory}/${file}`)))
}

/** A folder's kustomization.yaml. */
export function kustomization(directory: string) {
  const schema = z.looseObject({
    resources: z.array(z.string()),
    patches: z.array(z.object({ path: z.string() })).default([]),
    images: z.array(z.object({ name: z.string(), newName: z.string(), newTag: z.string() })).default([]),
  })
  return schema.parse(parse(kubernetesFile(`${directory}/kustomization.yaml`)))
}

/** The one object of this kind and name. Throws when there is none. */
export function find(manifests: Manifest[], kind: string, name = 'jelou-receiver'): Manifest {
  const found = manifests.find(each => each.kind === kind && each.metadata.name === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}
