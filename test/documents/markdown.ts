import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A Markdown file of the repository in the parts that tests look at. */
export type Document = {
  /** From the repository, such as `docs/spool.md`. */
  path: string
  /** The text without its fenced blocks. */
  prose: string
  fences: Fence[]
}

/** A fenced block: what stands behind the backticks that begin it, and its text. */
export type Fence = { language: string; text: string }

const FENCE = /^```(\S*)\n([^]*?)^```$/gm

/** Every Markdown file that is the repository's own. */
export function readDocuments(): Document[] {
  return globSync(['*.md', 'docs/**/*.md', 'docker/**/*.md', 'test/**/*.md'], { cwd: ROOT })
    .filter(path => !path.includes('tap-testdir'))
    .toSorted()
    .map(path => parseDocument(path, readFileSync(join(ROOT, path), 'utf8')))
}

export function parseDocument(path: string, text: string): Document {
  return {
    path,
    prose: text.replaceAll(FENCE, ''),
    fences: [...text.matchAll(FENCE)].map(([, language = '', block = '']) => ({ language, text: block })),
  }
}

/** Where links and pictures lead, as they are written. */
export function linksOf({ prose }: Document): string[] {
  const text = prose.replaceAll(/`[^`\n]+`/g, '')
  const markdown = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/^\[[^\]]+\]: (\S+)$/gm)]
  const html = text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)
  return [...markdown, ...html].map(([, target = '']) => target)
}

/** The anchors of its headings, as GitHub makes them: a second one of the same text gets a number. */
export function anchorsOf({ prose }: Document): Set<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const anchor = plain.replaceAll(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-')
    let numbered = anchor
    for (let count = 1; anchors.has(numbered); count++) numbered = `${anchor}-${count}`
    anchors.add(numbered)
  }
  return anchors
}

/** What stands between backticks in a line. */
export function codeOf({ prose }: Document): string[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
}

/** The commands in its `sh` blocks: without comments and what stands behind one, a continued line as one. */
export function commandsOf({ fences }: Document): string[] {
  return fences
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll(/ *\\\n */g, ' ').split('\n'))
    .map(line => line.replace(/(?:^|\s+)#.*$/, '').trim())
    .filter(line => line !== '')
}
