import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { catalogue } from './catalogue.ts'
import { metricsIn } from './expressions.ts'
import { alerts } from './files.ts'

const DOCS = join(import.meta.dirname, '../../docs')
const runbook = readFileSync(join(DOCS, 'operations.md'), 'utf8')
const rules = alerts()

/** The sections of a document that tell of alerts, by their anchors. */
const sections = new Map(
  runbook
    .split(/^#{2,3} /m)
    .map(section => section.split('\n', 1)[0] ?? '')
    .filter(title => title.startsWith('Jelou Receiver '))
    .map((title): [string, string] => [anchorOf(title), runbook.split(`### ${title}\n`)[1] ?? '']),
)

/** As GitHub makes it of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

t.test('each alert has its section, and each section its alert, in one order', async t => {
  t.same(
    [...sections.keys()].map(anchor => `docs/operations.md#${anchor}`),
    rules.map(({ annotations }) => annotations['runbook']),
  )
})

t.test('a section says how bad it is as the rule does', async t => {
  for (const { alert, labels, annotations } of rules) {
    const [, anchor = ''] = annotations['runbook']?.split('#') ?? []
    t.equal(/^\n\*(\w+)\.\*/.exec(sections.get(anchor) ?? '')?.[1]?.toLowerCase(), labels['severity'], alert)
  }
})

t.test('every metric that the documents name exists', async t => {
  const known = await catalogue()
  for (const file of ['operations.md', 'metrics.md']) {
    const named = readFileSync(join(DOCS, file), 'utf8').matchAll(
      /`((?:jelou_receiver|process|nodejs)_[^`]+)`/g,
    )
    const names = new Set([...named].flatMap(([, code = '']) => metricsIn(code)))
    t.ok(names.size > 5)
    t.same(
      [...names].filter(name => !known.has(name)),
      [],
      file,
    )
  }
})

t.test('every link leads somewhere', async t => {
  for (const file of ['operations.md', 'metrics.md']) {
    for (const [, link = ''] of readFileSync(join(DOCS, file), 'utf8').matchAll(/\]\(([^)]+)\)/g)) {
      const [path = '', anchor] = link.split('#')
      const target = readFileSync(join(DOCS, path === '' ? file : path), 'utf8')
      const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title))
      if (anchor !== undefined) t.ok(anchors.includes(anchor), `${file}: ${link}`)
    }
  }
})
