import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

type Component = { 'bom-ref': string; name: string; version: string }
type Bom = {
  metadata: { component: Component }
  components: Component[]
  dependencies: { ref: string; dependsOn?: string[] }[]
}
type Lock = { packages: Record<string, { version: string; dev?: true }> }

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

// Prints the bill of materials of the service, in CycloneDX: what is locked and runs in it, with versions, licences and hashes.
const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
const printed = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
const bom = JSON.parse(printed) as Bom

// `--omit=dev` would leave out what the service may use and development uses too.
const { packages } = read('package-lock.json') as Lock
const running = new Set(
  Object.entries(packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
)
bom.components = bom.components.filter(({ name, version }) => running.has(`${name}@${version}`))
const { component } = bom.metadata
const refs = new Set([component, ...bom.components].map(one => one['bom-ref']))
bom.dependencies = bom.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(one => refs.has(one)) }))
// npm calls the project by the folder that it is in.
component.name = (read('package.json') as { name: string }).name
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`)
