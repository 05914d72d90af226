import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { buildApi } from '../../src/simulator/api.ts'
import { createFaults, type Fault } from '../../src/simulator/faults.ts'
import { errorAnswer } from '../../src/simulator/integrations.ts'
import { simulated, WEBHOOK } from '../fixtures/simulated.ts'

const created = { webhookUrl: WEBHOOK, authType: 'bearer', authorization: 'token-1234' }
const html = { 'content-type': 'text/html' }
const json = { 'content-type': 'application/json; charset=utf-8' }

void t.test('what a fault does to a create', async t => {
  const { simulator, call } = await simulated(t)
  const error = { message: 'Simulated', statusMessage: 'failed' }
  type Case = [fault: Fault, answer: object | 'cut', processed: boolean]
  const cases: Case[] = [
    ...[401, 403, 404, 405, 422, 500].map((status): Case => [{ status }, { status, json: error }, false]),
    [{ status: 429, retryAfter: 7 }, { status: 429, headers: { 'retry-after': '7' }, json: error }, false],
    [{ status: 500, when: 'after' }, { status: 500, json: error }, true],
    [{ status: 502, body: 'html' }, { status: 502, headers: html, text: /^<!DOCTYPE html>/ }, false],
    [{ body: 'html', when: 'after' }, { status: 200, headers: html, text: /^<!DOCTYPE html>/ }, true],
    [{ body: 'empty' }, { status: 200, headers: json, text: /^$/ }, false],
    [{ body: 'empty', when: 'after' }, { status: 200, text: /^$/ }, true],
    [{ body: 'not-json' }, { status: 200, headers: json, text: /^\{'/ }, false],
    [{ body: 'half', when: 'after' }, { status: 200, headers: json, text: /^\{"id":"[^}]*$/ }, true],
    [{ body: 'broken', when: 'after' }, 'cut', true],
    [{ cut: true }, 'cut', false],
    [{ cut: true, when: 'after' }, 'cut', true],
    [{ cut: false }, { status: 200, json: { webhookUrl: WEBHOOK } }, true],
    [{ delay: 20 }, { status: 200, json: { webhookUrl: WEBHOOK } }, true],
    [{ delay: 20, when: 'after' }, { status: 200, json: { webhookUrl: WEBHOOK } }, true],
    [{ delay: 20, status: 500 }, { status: 500, json: error }, false],
  ]
  for (const [fault, answer, processed] of cases) {
    const name = JSON.stringify(fault)
    simulator.integrations.clear()
    simulator.faults.add({ ...fault, times: 1 })
    if (answer === 'cut') await t.rejects(call('POST', created), name)
    else t.match(await call('POST', created), answer, name)
    t.equal(simulator.integration !== undefined, processed, `${name}: processed`)
    t.strictSame(simulator.faults.list(), [], `${name}: used up`)
  }
})

for (const when of ['before', 'after'] as const) {
  void t.test(`a delay ${when} the call is processed, which closing ends`, async t => {
    const { simulator, call } = await simulated(t)
    simulator.faults.add({ delay: 600_000, when })
    const cut = t.rejects(call('POST', created))
    while (simulator.calls.length === 0) await setTimeout(1)
    await setTimeout(50)
    t.equal(simulator.integration !== undefined, when === 'after')
    await simulator.close()
    await cut
    t.equal(simulator.integration !== undefined, when === 'after', 'closing does not process it')
  })
}

void t.test('the hooks are waited for, at their moments', async t => {
  const { simulator, call } = await simulated(t)
  const seen: unknown[] = []
  simulator.hooks.onRequest = async method => {
    await setTimeout(10)
    seen.push(['request', method, simulator.integration !== undefined])
  }
  simulator.hooks.onProcessed = async method => {
    await setTimeout(10)
    seen.push(['processed', method, simulator.integration !== undefined])
  }
  const posted = call('POST', created).then(() => seen.push('answered'))
  await posted
  simulator.faults.add({ cut: true, times: 1 })
  await t.rejects(call('DELETE'))
  t.strictSame(seen, [
    ['request', 'POST', false],
    ['processed', 'POST', true],
    'answered',
    ['request', 'DELETE', true],
  ])
})

void t.test('a process that ends in a hook gets no answer', async t => {
  const { simulator, call } = await simulated(t)
  simulator.hooks.onProcessed = () => simulator.close()
  await t.rejects(call('POST', created))
  t.ok(simulator.integration, 'but the call was processed')
})

void t.test('calls are recorded and logged without credentials', async t => {
  const lines: string[] = []
  const { simulator, call } = await simulated(t, { log: line => lines.push(line) })
  const path = '/jelouapi/v1/external-support/PROJECT_ID'
  await call('POST', created)
  await call('PATCH', { authType: 'no_auth' })
  await call('PATCH', '7')
  await call('GET')
  simulator.faults.add({ cut: true, times: 1 })
  await t.rejects(call('DELETE'))
  t.strictSame(simulator.calls, [
    { method: 'POST', path, body: { ...created, authorization: '***' }, status: 200 },
    { method: 'PATCH', path, body: { authType: 'no_auth' }, status: 200 },
    { method: 'PATCH', path, body: 7, status: 400 },
    { method: 'GET', path, status: 200 },
    { method: 'DELETE', path },
  ])
  t.strictSame(lines, [
    `POST ${path} 200`,
    `PATCH ${path} 200`,
    `PATCH ${path} 400`,
    `GET ${path} 200`,
    `DELETE ${path} cut`,
  ])
})

void t.test('what is not in the documentation is not there', async t => {
  const { simulator, call } = await simulated(t)
  const shape = {
    message: String,
    statusMessage: 'failed',
    status: 0,
    error: { code: String },
    validationError: {},
  }
  for (const elsewhere of [await call('GET', undefined, { path: '/v2' }), await call('PUT', created)])
    t.match(elsewhere, { status: 404, json: { message: 'no Route matched', statusMessage: undefined } })
  t.equal((await call('HEAD')).status, 404)
  t.match(await call('POST', '{"webhookUrl":'), { status: 400, json: shape })
  t.match(await call('POST', 'a=b', { headers: { 'content-type': 'text/csv' } }), {
    status: 400,
    json: shape,
  })
  t.equal(simulator.integration, undefined)
})

void t.test('people can switch faults over HTTP', async t => {
  const { simulator, call } = await simulated(t)
  const path = '/_simulator/faults'
  await call('POST', created)
  const fault = { method: 'GET', status: 500, times: 3 }
  t.match(await call('POST', fault, { path }), { status: 200, json: { faults: [fault] } })
  t.equal((await call('GET')).status, 500)
  const state = await call('GET', undefined, { path: '/_simulator/state' })
  t.match(state.json, {
    integrations: [{ webhookUrl: WEBHOOK, authType: 'bearer' }],
    faults: [{ ...fault, times: 2 }],
    calls: [
      { method: 'POST', status: 200 },
      { method: 'GET', status: 500 },
    ],
  })
  t.notMatch(state.text, 'token-1234')
  t.notMatch(state.text, simulator.integration?.signingSecret)
  t.match(await call('POST', { status: 5 }, { path }), { status: 422, json: { message: /status/ } })
  t.match(await call('DELETE', undefined, { path }), { status: 200, json: { faults: [] } })
  t.equal((await call('GET')).status, 200)
})

void t.test('only people on this machine', async t => {
  const app = buildApi({
    answer: () => errorAnswer(500, ''),
    faults: createFaults(),
    calls: [],
    integrations: new Map(),
    hooks: {},
    log: () => {},
  })
  t.teardown(() => app.close())
  const statusFor = async (remoteAddress: string) =>
    (await app.inject({ url: '/_simulator/state', remoteAddress })).statusCode
  t.equal(await statusFor('192.0.2.1'), 403)
  t.equal(await statusFor('::1'), 200)
  t.equal(await statusFor('::ffff:127.0.0.1'), 200)
})
