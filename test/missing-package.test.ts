import t from 'tap'
import { isMissingPackage } from '../src/missing-package.ts'

t.test('tells a package that is not installed from all else', async t => {
  const name: string = 'no-such-package'
  t.equal(isMissingPackage(await import(name).catch((error: unknown) => error)), true)
  for (const other of [
    new Error('another'),
    Object.assign(new Error('away'), { code: 'ECONNREFUSED' }),
    'text',
    null,
  ])
    t.equal(isMissingPackage(other), false, String(other))
})
