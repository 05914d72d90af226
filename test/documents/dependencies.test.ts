import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { codeOf, parseDocument, ROOT } from './markdown.ts'

const names = z.record(z.string(), z.string())
const manifest = z
  .object({
    allowScripts: z.record(z.string(), z.boolean()),
    dependencies: names,
    optionalDependencies: names,
    devDependencies: names,
  })
  .parse(JSON.parse(read('package.json')))
const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        license: z.string().optional(),
        dev: z.boolean().default(false),
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().default(false),
      }),
    ),
  })
  .parse(JSON.parse(read('package-lock.json')))

/** All that is installed, the project itself apart; `name` without where it is. */
const packages = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, about]) => ({ name: path.replace(/^.*node_modules\//, ''), ...about }))

/** What may run in the service: asks for its notice to be kept, at the most. */
const PERMISSIVE = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'Unlicense',
  'BlueOak-1.0.0',
]
/** What may besides be used to develop: it is not passed on. */
const DEVELOPMENT = ['MPL-2.0', 'CC-BY-3.0', 'CC0-1.0', '(WTFPL OR MIT)', '(MIT OR CC0-1.0)']
/** Those that do not say it in the field where it is looked for, and where they do. */
const UNSAID: Record<string, string> = { 'jsonc-simple-parser': 'MIT, in its file `license`' }

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** The names in the first column of the table that begins with this heading. */
function tableOf(heading: string): string[] {
  const [, rest = ''] = read('docs/security.md').split(`| ${heading} |`)
  const [table = ''] = rest.split('\n\n')
  const cells = table.split('\n').map(row => row.split('|')[1] ?? '')
  return codeOf(parseDocument('', cells.join('\n')))
}

t.test('every package that is asked for is told of, with what it is for, and no other', async t => {
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const runtime = Object.keys({ ...dependencies, ...optionalDependencies })
  t.strictSame(tableOf('runs in the service').toSorted(), runtime.toSorted())
  t.strictSame(tableOf('for development only').toSorted(), Object.keys(devDependencies).toSorted())
})

t.test('every package that is installed has a licence that is allowed', async t => {
  t.ok(packages.length > 300)
  const refused = packages.filter(({ name, license = '', dev }) => {
    const allowed = dev ? [...PERMISSIVE, ...DEVELOPMENT] : PERMISSIVE
    return !allowed.includes(license) && !(dev && name in UNSAID)
  })
  t.strictSame(
    refused.map(({ name, license }) => `${name}: ${license}`),
    [],
  )
})

t.test(
  'no package but those that are told of has an install script, and each is locked by its hash',
  async t => {
    const scripted = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name)
    t.strictSame(scripted.toSorted(), Object.keys(manifest.allowScripts).toSorted())
    const document = read('docs/security.md')
    for (const name of scripted) t.match(document, `\`${name}\``)
    t.strictSame(
      packages.filter(({ integrity }) => integrity === undefined).map(({ name }) => name),
      [],
    )
  },
)
