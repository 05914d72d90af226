import { stdSerializers } from 'pino'
import t from 'tap'
import * as errors from '../src/errors.ts'

const isAnswer = ({ statusCode = 500 }: { statusCode?: number }) => statusCode < 500

t.test('what is answered with 4xx takes no stack, which would cost more than the answer', async t => {
  const answers = Object.values(errors).filter(Failure => isAnswer(new Failure()))
  t.ok(answers.length > 10)
  for (const Failure of answers) t.equal(new Failure().stack, undefined, Failure.name)
})

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
    if (isAnswer(error)) continue
    t.ok(error.stack?.startsWith(`${name}: `), name)
    t.match(error.stack, /^ +at .*errors\.test\.ts/m)
    t.notMatch(error.stack, /at new Failure/)
  }
  t.equal(new errors.QueueFullError('1').name, 'QueueFullError')
})
