import t from 'tap'
import { createIntegrationApi } from '../../src/jelou/client.ts'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { serve } from '../fixtures/serve.ts'
import { simulated, WEBHOOK } from '../fixtures/simulated.ts'

void t.test('registers with our client and sends to what was registered', async t => {
  const { origin, received } = await serve(t, (_request, response) => response.end('{}'))
  const { simulator, baseUrl } = await simulated(t, { shape: 'wrapped' })
  t.match(baseUrl, /^http:\/\/127\.0\.0\.1:\d+\/jelouapi\/v1$/)
  const { projectId, callers } = simulator
  const { clientId, clientSecret } = callers
  for (const credential of [{ apiKey: callers.apiKey }, { clientId, clientSecret }]) {
    const api = createIntegrationApi({ baseUrl, projectId, credential })
    t.teardown(() => api.close())
    const webhookUrl = `${origin}/webhook/jelou`
    const created = await api.create({ webhookUrl, authType: 'bearer', authorization: 'token-1234' })
    t.match(created, {
      kind: 'ok',
      integration: { webhookUrl, authType: 'bearer', signingSecret: simulator.integration?.signingSecret },
    })
    t.match(await simulator.send(simulator.event('text')), { status: 200 })
    t.match(received.pop(), { url: '/webhook/jelou', headers: { authorization: 'Bearer token-1234' } })
    const tally = await simulator.sendMany({
      count: 10,
      rooms: 2,
      credential: 'missing',
      signature: 'missing',
    })
    t.match(tally, { sent: 10, outcomes: { 200: 10 } })
    t.equal(received.length, 10)
    for (const { headers } of received) t.notOk(headers['authorization'] ?? headers['x-jelou-signature'])
    received.length = 0
    t.match(await api.remove(), { kind: 'ok' })
  }
})

void t.test('what is registered outlives closing, and it can listen again where it was', async t => {
  const { simulator, baseUrl, call } = await simulated(t)
  await call('POST', { webhookUrl: WEBHOOK })
  await simulator.close()
  await simulator.close()
  await t.rejects(call('GET'), 'nothing listens')
  const port = Number(new URL(baseUrl).port)
  t.equal(await simulator.listen({ port }), baseUrl)
  t.match(await call('GET'), { status: 200, json: { webhookUrl: WEBHOOK } })
  t.equal(simulator.calls.length, 2)
  await simulator.listen()
  await t.rejects(call('GET'), 'listening elsewhere ends the first')
})

void t.test('closing ends traffic that has no other end', async t => {
  const { origin } = await serve(t, (_request, response) => response.end())
  const { simulator } = await simulated(t)
  const waiting = simulator.sendMany({})
  await simulator.close()
  t.match(await waiting, { sent: 0 })

  simulator.integrations.set(simulator.projectId, {
    id: 'i1',
    brainId: 'b1',
    webhookUrl: origin,
    authType: 'no_auth',
    signingSecret: 'a'.repeat(64),
    createdAt: '',
  })
  const { signal } = new AbortController()
  let delivered = 0
  const running = simulator.sendMany({
    signal,
    onDelivery: () => {
      if (++delivered === 5) void simulator.close()
    },
  })
  t.match(await running, { sent: 5 })
})

void t.test('the caller can end traffic too', async t => {
  const controller = new AbortController()
  const running = createSimulator().sendMany({ signal: controller.signal })
  controller.abort()
  t.match(await running, { sent: 0 })
})
