import { Writable } from 'node:stream'
import { pino } from 'pino'
import t from 'tap'
import { createLogger, loggerOptions } from '../src/logger.ts'

function collector(isTTY: boolean) {
  const chunks: string[] = []
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString())
      done()
    },
  })
  return { out: Object.assign(out, { isTTY }) as unknown as NodeJS.WriteStream, text: () => chunks.join('') }
}

t.test('what may hold a secret is redacted, two levels deep', async t => {
  const lines: string[] = []
  const log = pino(loggerOptions('info'), { write: (line: string) => void lines.push(line) })
  log.info({ authorization: 'hidden', 'x-api-key': 'hidden', token: 'hidden' })
  log.info({
    req: { headers: { cookie: 'hidden' }, body: 'hidden' },
    integration: { signingSecret: 'hidden' },
  })
  log.info({ kept: { integration: { secret: 'hidden', password: 'hidden' } } })
  t.equal(lines.length, 3)
  t.notMatch(lines.join(''), 'hidden')
  t.match(lines[0], '[redacted]')
})

t.test('JSON lines by default, without process id and host name', async t => {
  const { out, text } = collector(false)
  const log = await createLogger('info', out)
  log.debug('below the level')
  log.info({ count: 1 }, 'said')
  t.same(Object.keys(JSON.parse(text())), ['level', 'time', 'count', 'msg'])
})

t.test('readable text on a terminal', async t => {
  const { out, text } = collector(true)
  const log = await createLogger('info', out)
  log.info({ count: 1 }, 'said')
  t.match(text(), /INFO.*said/)
  t.match(text(), /count/)
  t.throws(() => JSON.parse(text()))
})
