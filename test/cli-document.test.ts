import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { COMMANDS } from '../src/cli.ts'

const text = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8')
const [, ...sections] = text.split(/^## /m)

t.test('docs/cli.md tells of the commands that there are, in the order of --help', async t => {
  t.same(
    sections.map(section => /^`([a-z]+)`\n/.exec(section)?.[1]),
    [...COMMANDS.keys()],
  )
})

t.test('docs/cli.md tells of the options that each command has, and no others', async t => {
  for (const section of sections) {
    const name = section.slice(1, section.indexOf('`', 1))
    const { command } = (await COMMANDS.get(name)?.load()) ?? {}
    const rows = section.split('\n').filter(line => line.startsWith('| `--'))
    const told = rows.flatMap(row => [...row.matchAll(/`--([a-z-]+)/g)].map(match => match[1]))
    t.same(new Set(told), new Set(Object.keys(command?.options ?? {})), name)
  }
})
