import t, { type Test } from 'tap'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { call, receiveAll } from './http.ts'
import { ready, run, start, startReady, stop, variables, type Service, type Variables } from './service.ts'
import { markedSecret } from '../fixtures/marked.ts'
import { testDirectory } from '../fixtures/directory.ts'

/** A machine under load takes its time to start a process. */
t.setTimeout(120_000)

async function world(t: Test) {
  const jelou = createSimulator()
  t.teardown(() => jelou.close())
  const environment = variables(testDirectory(t), {
    JELOU_PROJECT_ID: jelou.projectId,
    JELOU_API_KEY: jelou.callers.apiKey,
    JELOU_API_URL: await jelou.listen(),
    RECONCILE_INTERVAL: '200ms',
    ADMIN_TOKEN: markedSecret(),
  })
  const posts = () => jelou.calls.filter(({ method }) => method === 'POST').length
  return { jelou, environment, posts }
}

/** What a command prints as JSON about the running service; its exit status must be this. */
async function command(
  t: Test,
  environment: Variables,
  { adminUrl }: Service,
  args: string[],
  status = 0,
): Promise<unknown> {
  const process = run(t, environment, [], [...args, '--json', '--url', adminUrl])
  t.equal(await process.exited, status, args.join(' '))
  return JSON.parse(process.output())
}

t.test('a test event goes the whole way, and what is refused is shown', async t => {
  const { jelou, environment } = await world(t)
  const service = await startReady(t, environment)
  for (const args of [['send'], ['send', '--public']])
    t.match(await command(t, environment, service, args), {
      statusCode: 200,
      answer: 'accepted',
      problem: null,
    })
  t.equal((await jelou.send(jelou.event('text'), { signature: 'forged' })).status, 401)
  t.match(await command(t, environment, service, ['rejected']), [{ check: 'ERR_SIGNATURE_INVALID' }])
  const authorization = `Bearer ${environment['ADMIN_TOKEN']}`
  const events = await receiveAll(service.adminUrl, { authorization })
  t.match(
    events.map(({ event }) => event),
    [
      {
        type: 'ai.jelou.jelou-receiver.test',
        data: { event: 'jelou-receiver.test', project_id: jelou.projectId },
      },
      { type: 'ai.jelou.jelou-receiver.test' },
    ],
  )
})

t.test(
  'what is unregistered stays so through a restart, takes what is on its way, and comes back on request',
  async t => {
    const { jelou, environment, posts } = await world(t)
    const first = await startReady(t, environment)
    const old = jelou.integration
    t.same(await command(t, environment, first, ['unregister', '--yes']), { outcome: 'unregistered' })
    t.equal(jelou.integration, undefined)
    t.equal(await stop(first), 0)

    const second = await start(t, environment)
    await second.logged(
      'Unregistered on request: Jelou sends no events until somebody asks to register again',
    )
    t.match(await command(t, environment, second, ['status']), { registration: { phase: 'unregistered' } })
    t.equal(posts(), 1)
    if (old) jelou.integrations.set(jelou.projectId, { ...old, webhookUrl: second.webhookUrl })
    t.equal((await jelou.send(jelou.event('text'))).status, 200, 'an event that was on its way')
    jelou.integrations.delete(jelou.projectId)

    t.same(await command(t, environment, second, ['register']), { outcome: 'created' })
    t.equal(posts(), 2)
    await ready(second)
    t.equal((await jelou.send(jelou.event('text'))).status, 200)
    t.match(await call(`${second.publicUrl}/readyz`), { status: 200 })
    t.equal(await stop(second), 0)
  },
)
