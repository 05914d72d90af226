import { PassThrough } from 'node:stream'
import t from 'tap'
import { createProgress, during } from '../../src/commands/progress.ts'

/** A stream that is a terminal or not, and what was written to it. */
function stream(isTTY: boolean) {
  const err = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY })
  return { err, seen: (): unknown => err.read() }
}

t.test('a person sees what it is at, and in the end nothing', async t => {
  const { err, seen } = stream(true)
  const progress = createProgress({ err })
  progress.step('one')
  progress.step('two')
  progress.end()
  t.equal(seen(), '\r\u001B[Kone\r\u001B[Ktwo\r\u001B[K')
})

t.test('a program sees nothing', async t => {
  const { err, seen } = stream(false)
  t.equal(await during({ err }, 'working …', async () => 1), 1)
  t.equal(seen(), null)
})

t.test('work that fails is wiped too', async t => {
  const { err, seen } = stream(true)
  const failure = new Error('no')
  await t.rejects(
    during({ err }, 'working …', () => Promise.reject(failure)),
    failure,
  )
  t.equal(seen(), '\r\u001B[Kworking …\r\u001B[K')
})
