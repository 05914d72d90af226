import t from 'tap'
import { edit, runCase, type Case } from './fixtures/kept-case.ts'
import { WEBHOOK_URL } from './fixtures/world.ts'

const OTHER_URL = 'https://other.example/webhook/jelou'
const unchanged = { calls: ['GET'], outcome: 'unchanged', phase: 'registered' } as const
const updated = { calls: ['GET', 'GET', 'PATCH'], outcome: 'updated', phase: 'registered' } as const

const cases: Case[] = [
  { name: 'as configured', ...unchanged },
  { name: 'as configured, as far as a sparse read tells', behaviour: { sparseRead: true }, ...unchanged },
  {
    name: 'the same URL written otherwise',
    desired: { webhookUrl: WEBHOOK_URL.replace('receiver.example', 'RECEIVER.example:443') },
    ...unchanged,
    urlAfter: WEBHOOK_URL,
  },
  {
    name: 'another URL is configured',
    desired: { webhookUrl: OTHER_URL },
    ...updated,
    patched: { webhookUrl: OTHER_URL },
    urlAfter: OTHER_URL,
  },
  {
    name: 'another type is configured',
    desired: { authType: 'api_key' },
    ...updated,
    patched: { authType: 'api_key', authorization: '***' },
  },
  {
    name: 'another type is configured, and the read is sparse',
    desired: { authType: 'basic' },
    behaviour: { sparseRead: true },
    ...updated,
    patched: { authType: 'basic', authorization: '***' },
  },
  {
    name: 'another credential is configured',
    desired: { authorization: 'configured' },
    ...updated,
    patched: { authType: 'bearer', authorization: '***' },
  },
  {
    name: 'no credential is configured',
    desired: { authType: 'no_auth' },
    ...updated,
    patched: { authType: 'no_auth' },
  },
  {
    name: 'somebody edited the URL',
    disturb: edit({ webhookUrl: OTHER_URL }),
    ...updated,
    patched: { webhookUrl: WEBHOOK_URL },
  },
  { name: 'a read without a URL', disturb: edit({ webhookUrl: '' }), ...unchanged, urlAfter: '' },
  {
    name: 'another URL is configured, and the read is without one',
    desired: { webhookUrl: OTHER_URL },
    disturb: edit({ webhookUrl: '' }),
    ...updated,
    patched: { webhookUrl: OTHER_URL },
    urlAfter: OTHER_URL,
  },
  {
    name: 'somebody broke the URL',
    disturb: edit({ webhookUrl: 'no URL' }),
    ...updated,
    patched: { webhookUrl: WEBHOOK_URL },
  },
  {
    name: 'somebody edited the type',
    disturb: edit({ authType: 'no_auth' }),
    ...updated,
    patched: { authType: 'bearer', authorization: '***' },
  },
  {
    name: 'an update cut off before it was kept',
    desired: { authType: 'api_key' },
    disturb: edit({ authType: 'api_key' }),
    ...updated,
    patched: { authType: 'api_key', authorization: '***' },
  },
  ...([400, 404, 500] as const).map((status): Case => ({
    name: `an update that ends in ${status}`,
    desired: { authorization: 'configured' },
    faults: [{ method: 'PATCH', status }],
    calls: ['GET', 'GET', 'PATCH'],
    outcome: status === 500 ? 'unavailable' : 'refused',
    phase: 'degraded',
  })),

  ...[{ status: 401 }, { status: 403 }, { status: 422 }].map((fault): Case => ({
    name: `refused: ${JSON.stringify(fault)}`,
    faults: [fault],
    calls: ['GET'],
    outcome: 'refused',
    phase: 'degraded',
  })),
  ...[{ status: 500 }, { status: 429 }, { cut: true }, { body: 'html' as const }].map((fault): Case => ({
    name: `no usable answer: ${JSON.stringify(fault)}`,
    faults: [fault],
    calls: ['GET'],
    outcome: 'unavailable',
    phase: 'degraded',
  })),
]

for (const row of cases) void t.test(row.name, t => runCase(t, row))
