import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { createSqliteQueue } from '../../../src/queue/drivers/sqlite.ts'
import { consume, options } from './fixtures/open.ts'

const ROUNDS = 5
const publisher = new URL('fixtures/publisher.ts', import.meta.url)

/** Resolves once the child has said so much. */
async function said(child: ChildProcess, acknowledged: string[], count: number): Promise<void> {
  while (acknowledged.length < count) await once(child, 'message')
}

void t.test(
  'keeps every answered event, once and in order, through SIGKILL in the middle of writing',
  async t => {
    const settings = options(t)
    const acknowledged: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const child = fork(publisher, [settings.file, String(round)], { execArgv: [] })
      child.on('message', (body: string) => acknowledged.push(body))
      await said(child, acknowledged, acknowledged.length + 50 + round * 37)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const queue = createSqliteQueue(settings)
    t.teardown(() => queue.close())
    await queue.connect()
    const { waiting } = await queue.stats()
    const stored = (await consume(queue.consumer, waiting)).map(({ event }) => event.toString())
    t.equal(new Set(stored).size, stored.length, 'nothing twice')
    t.same(
      acknowledged.filter(body => !stored.includes(body)),
      [],
      'nothing answered is missing',
    )
    const order = (bodies: string[]) => bodies.filter(body => acknowledged.includes(body))
    t.same(order(stored), order(acknowledged))
  },
)
