import { Writable } from 'node:stream'
import t from 'tap'
import { demo } from '../src/demo.ts'
import { createSimulator } from '../src/simulator/simulator.ts'

function printed() {
  const lines: string[] = []
  const out = new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString())
      done()
      out.emit('line', line.toString())
    },
  })
  return { out, lines, text: () => lines.join('') }
}

t.test('once: each step is shown, one forgery is refused, every event is consumed', async t => {
  const { out, lines, text } = printed()
  await demo({ out, once: true, signal: new AbortController().signal })
  t.match(text(), /look +a page .*http:\/\/127\.0\.0\.1:\d+\/\n/)
  t.match(text(), /create .*registered http:\/\/127\.0\.0\.1:\d+\/webhook\/jelou \(bearer\)/)
  t.equal(lines.filter(line => line.includes('-> 200 accepted')).length, 4)
  t.equal(lines.filter(line => line.startsWith('consumed')).length, 4)
  t.match(text(), /again.* -> 200 duplicate/)
  t.match(text(), /forged message -> 401 ERR_SIGNATURE_INVALID/)
  t.match(text(), /done +4 events/)
})

t.test('it goes on until the signal', async t => {
  const { out, text } = printed()
  const ending = new AbortController()
  let afterwards = 0
  out.on('line', (line: string) => {
    if (text().includes('done ') && line.startsWith('consumed')) afterwards++
    if (afterwards === 2) ending.abort()
  })
  await demo({ out, once: false, signal: ending.signal })
  t.match(text(), /Ctrl-C ends it/)
  t.equal(afterwards, 2)
})

t.test('a signal before it is through ends it with the reason, and everything is closed', async t => {
  const { out, text } = printed()
  await t.rejects(
    demo({ out, once: true, signal: AbortSignal.abort(new Error('interrupted')) }),
    /interrupted/,
  )
  t.notMatch(text(), 'done ')
})

t.test('what cannot be registered ends it with the reason', async t => {
  const jelou = createSimulator()
  jelou.faults.add({ method: 'POST', status: 403 })
  const options = { out: printed().out, once: false, signal: new AbortController().signal, jelou }
  await t.rejects(demo(options), { code: 'ERR_REGISTRATION_REJECTED' })
})
