import { stdSerializers } from 'pino'
import t from 'tap'
import * as errors from '../src/errors.ts'

t.test('every error is named by its code, wherever it is shown', async t => {
  for (const [exported, Failure] of Object.entries(errors)) {
    const cause = new Error('the cause')
    const error = new Failure('detail', { cause })
    const { name } = error
    t.match(name, /^[A-Z][A-Za-z]+Error$/, exported)
    t.equal(name.toUpperCase(), `${error.code.slice('ERR'.length).replaceAll('_', '')}ERROR`)
    t.equal(stdSerializers.err(error).type, name, 'in the log')
    t.equal(error.cause, cause)
    t.ok(error instanceof Failure)
    t.ok(error.stack?.startsWith(`${name}: `), name)
    t.match(error.stack, /^ +at .*errors\.test\.ts/m)
    t.notMatch(error.stack, /at new Failure/)
  }
  t.equal(new errors.QueueFullError('1').name, 'QueueFullError')
})
