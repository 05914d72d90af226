import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { anchorsOf, linksOf, parseDocument, readDocuments, ROOT, type Document } from './markdown.ts'

/** The links of these documents that lead nowhere, as `file: link`. Those to other hosts are not followed. */
function deadLinks(documents: readonly Document[]): string[] {
  const byPath = new Map(documents.map(document => [document.path, document]))
  const leads = (from: string, link: string): boolean => {
    if (/^https?:\/\//.test(link)) return URL.canParse(link)
    const [file = '', anchor] = link.split('#')
    const path = file === '' ? from : relative(ROOT, join(ROOT, dirname(from), file))
    const target = byPath.get(path)
    if (anchor === undefined) return target !== undefined || existsSync(join(ROOT, path))
    return target !== undefined && anchorsOf(target).has(anchor)
  }
  return documents.flatMap(document =>
    linksOf(document)
      .filter(link => !leads(document.path, link))
      .map(link => `${document.path}: ${link}`),
  )
}

const documents = readDocuments()

t.test('every link of a document leads to a file that is there, and to a heading in it', async t => {
  t.ok(documents.length > 15)
  t.strictSame(deadLinks(documents), [])
})

t.test('a link that leads nowhere is found', async t => {
  const text = `# A title: with \`code\`
# A title: with \`code\`
[there](#a-title-with-code-1) [file](../README.md) [folder](engines/) [web](https://example.com)
[no heading](#title) [no file](none.md) [not in it](../README.md#none) [no text](../package.json#name)
\`[code](none.md)\` <img src="images/none.png">
\`\`\`sh
[fence](none.md)
\`\`\`
`
  t.strictSame(
    deadLinks([...documents, parseDocument('docs/new.md', text)]).map(found => found.split(': ')[1]),
    ['#title', 'none.md', '../README.md#none', '../package.json#name', 'images/none.png'],
  )
})

t.test('every document is found from the README', async t => {
  const reached = new Set<string>()
  const follow = (path: string): void => {
    const document = documents.find(document => document.path === path)
    if (document === undefined || reached.has(path)) return
    reached.add(path)
    for (const link of linksOf(document)) {
      const [file = ''] = link.split('#')
      if (!/^https?:/.test(link) && file !== '') follow(relative(ROOT, join(ROOT, dirname(path), file)))
    }
  }
  follow('README.md')
  t.strictSame(
    documents.map(({ path }) => path).filter(path => !reached.has(path)),
    [],
  )
  t.ok(statSync(join(ROOT, 'LICENSE')).size > 0)
})
