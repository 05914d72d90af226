import { PassThrough } from 'node:stream'
import t from 'tap'
import { confirm } from '../../src/commands/confirm.ts'

const answers: [string, boolean][] = [
  ['yes\n', true],
  [' YES \r\n', true],
  ['y\n', false],
  ['no\n', false],
  ['\n', false],
  ['', false],
]

for (const [answer, expected] of answers) {
  t.test(`the answer ${JSON.stringify(answer)}`, async t => {
    const terminal = { in: new PassThrough(), out: new PassThrough(), err: new PassThrough() }
    terminal.in.end(answer)
    t.equal(await confirm(terminal, 'Sure?'), expected)
    t.match(String(terminal.err.read()), 'Sure? Type yes to go on: ')
    t.equal(terminal.out.read(), null, 'what is printed there may be read by a program')
  })
}
