import { fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { until } from './drivers/fixtures/engine.ts'
import { confirms, controlledDriver } from './fixtures/controlled-driver.ts'
import { spoolOn } from './fixtures/spool.ts'

const ROUNDS = 3
const publisher = new URL('fixtures/spool-publisher.ts', import.meta.url)

void t.test(
  'keeps every answered event in order through SIGKILL, while the queue comes and goes',
  async t => {
    const { driver, control } = controlledDriver({ deduplicates: true })
    const { spool, file } = spoolOn(t, { driver })
    const accepted: string[] = []
    const reached: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const child = fork(publisher, [file, String(round)], { execArgv: [] })
      child.on('message', ({ kind, body }: { kind: string; body: string }) =>
        (kind === 'accepted' ? accepted : reached).push(body),
      )
      const enough = accepted.length + 200
      while (accepted.length < enough) await once(child, 'message')
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    control.answer = confirms
    await spool.connect()
    await until(async () => {
      const { waiting, leased, delayed } = await spool.stats()
      return waiting + leased + delayed === 0
    })
    const all = [...new Set([...reached, ...control.confirmed.map(({ body }) => String(body))])]
    t.same(
      accepted.filter(body => !all.includes(body)),
      [],
      'nothing answered is missing',
    )
    for (let publisher = 0; publisher < 8; publisher++) {
      const ofKey = (body: string) =>
        body.includes(`"partitionkey":"room ${publisher}"`) && accepted.includes(body)
      t.same(all.filter(ofKey), accepted.filter(ofKey), `room ${publisher}`)
    }
  },
)
