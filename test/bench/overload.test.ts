import t from 'tap'
import { overloadConnections } from './overload.ts'

const limits = (hard: string) =>
  'Limit                     Soft Limit           Hard Limit           Units\n' +
  `Max open files            1024                 ${hard.padEnd(20)} files\n`

t.test('an overload has as many connections as a process may open files, at most', async t => {
  const cases: [text: string, expected: number][] = [
    [limits('524288'), 11_500],
    [limits('4096'), 3_896],
    [limits('unlimited'), 11_500],
    ['', 11_500],
  ]
  for (const [text, expected] of cases) t.equal(overloadConnections(text), expected)
  t.ok(overloadConnections() > 0)
})
