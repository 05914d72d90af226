import t from 'tap'
import { Scope } from './scope.ts'

t.test('what was started last ends first, and once', async t => {
  const scope = new Scope()
  const ended: number[] = []
  for (const number of [1, 2, 3]) scope.teardown(async () => void ended.push(number))
  await scope.end()
  await scope.end()
  t.strictSame(ended, [3, 2, 1])
})

t.test('what is missing is kept by name, and a failure throws', async t => {
  const scope = new Scope()
  scope.pass('kafka', { skip: 'java is missing' })
  t.strictSame([...scope.missing], [['kafka', 'java is missing']])
  t.throws(() => scope.fail('no broker'), { message: 'no broker' })
})
