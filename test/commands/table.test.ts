import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { tableOf } from '../../src/commands/table.ts'

const HEAD = ['A', 'LONG', 'C']
const rows = [
  ['one', { text: 'x', style: 'red' as const }, ''],
  ['', 'longer', { text: 'end', style: 'green' as const }],
]

t.test('columns are aligned, and nothing follows the last', async t => {
  t.equal(tableOf(new PassThrough(), rows, HEAD), 'A    LONG    C\none  x\n     longer  end\n')
  t.equal(tableOf(new PassThrough(), [['a', 'b'], ['ccc']]), 'a    b\nccc\n')
  t.equal(tableOf(new PassThrough(), []), '')
})

t.test('on a terminal there is colour, which moves no column', async t => {
  // What runs the tests may have decided about colours.
  const { FORCE_COLOR } = process.env
  delete process.env.FORCE_COLOR
  t.teardown(() => {
    if (FORCE_COLOR !== undefined) process.env.FORCE_COLOR = FORCE_COLOR
  })
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  const text = tableOf(terminal, rows, HEAD)
  t.match(text, '\u001B[31mx\u001B[39m       \n'.trimEnd())
  t.match(text, '\u001B[1mA\u001B[22m    \u001B[1mLONG\u001B[22m')
  const plain = stripVTControlCharacters(text)
  t.equal(plain.replaceAll(/ +\n/g, '\n'), tableOf(new PassThrough(), rows, HEAD))
})
