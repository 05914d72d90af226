import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { lock as packages, manifest } from './lock.ts'
import { codeOf, parseDocument, ROOT } from './markdown.ts'

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

/** A range of versions, perhaps of another package under this name (`npm:`), which the lock has with its hash as well. */
function isVersion(wanted: string): boolean {
  const range = wanted.replace(/^npm:(?:@[\w.-]+\/)?[\w.-]+@/, '')
  return /^[\w\s.*^~<>=|&+-]+$/.test(range) && /[\d*]/.test(range)
}

t.test('everything comes from the registry, and is what it was when it was locked', async t => {
  const elsewhere = packages.filter(
    ({ link, resolved, integrity = '' }) =>
      link || resolved !== undefined || !integrity.startsWith('sha512-'),
  )
  t.strictSame(
    elsewhere.map(({ name }) => name),
    [],
    'no link, no address of its own, and a strong hash',
  )
  const { dependencies, optionalDependencies, devDependencies, overrides } = manifest
  const asked = [
    { dependencies, optionalDependencies },
    { dependencies: devDependencies, optionalDependencies: overrides },
    ...packages,
  ].flatMap(one => Object.entries({ ...one.dependencies, ...one.optionalDependencies }))
  t.ok(asked.length > packages.length)
  t.strictSame(
    asked.filter(([, wanted]) => !isVersion(wanted)),
    [],
    'nobody asks for an address, a repository, a file or a tag',
  )
})

t.test('the numbers in the document are those of the lock', async t => {
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const asked = Object.keys({ ...dependencies, ...optionalDependencies }).length
  const isOwn = new Set(packages.filter(({ dev }) => !dev).map(({ name }) => name))
  const isTool = new Set(packages.map(({ name }) => name).filter(name => !isOwn.has(name)))
  t.match(
    read('docs/security.md').replaceAll('\n', ' '),
    `The service asks for ${asked} packages, which bring ${isOwn.size - asked} others; development asks for ` +
      `${Object.keys(devDependencies).length}, which bring ${isTool.size - Object.keys(devDependencies).length}.`,
  )
})
