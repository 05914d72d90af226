import type { Writable } from 'node:stream'
import { stylerOf, type Style } from './print.ts'

/** What stands in a table, and how it is emphasised where colour can be seen. */
export type Cell = string | { text: string; style: Style }

/** The rows as lines of aligned columns, two spaces between them; `head` names the columns. */
export function tableOf(out: Writable, rows: readonly (readonly Cell[])[], head?: readonly string[]): string {
  const style = stylerOf(out)
  const all = [...(head ? [head.map((text): Cell => ({ text, style: 'bold' }))] : []), ...rows]
  const columns = Math.max(0, ...all.map(row => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...all.map(row => textOf(row[column] ?? '').length)),
  )
  return all.map(row => lineOf(row, widths, style)).join('')
}

function lineOf(row: readonly Cell[], widths: readonly number[], style: ReturnType<typeof stylerOf>): string {
  const cells = row.map((cell, column) => {
    const text = textOf(cell)
    // Nothing is to follow the last one, and what pads a text is not to be emphasised with it.
    const padding = column === row.length - 1 ? '' : text.padEnd(Number(widths[column])).slice(text.length)
    return (typeof cell === 'string' ? text : style(cell.style, text)) + padding
  })
  return `${cells.join('  ').trimEnd()}\n`
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}
