import t from 'tap'
import { authTypeSchema, integrationSchema } from '../../src/jelou/schemas.ts'

const plain = {
  id: 'INTEGRATION_ID',
  brainId: 'BRAIN_ID',
  webhookUrl: 'https://my-system.com/webhook/jelou',
  authType: 'bearer',
  signingSecret: 'a1b2c3d4...signing_secret_hex',
  createdAt: '2023-11-07T05:31:56Z',
}
const { brainId: _unused, ...known } = plain

const cases: [name: string, answer: unknown, integration: unknown][] = [
  ['the plain shape', plain, known],
  ['the shape under data', { message: ['Created'], statusMessage: 'success', status: 1, data: plain }, known],
  ['an auth type nobody knows', { authType: 'mtls' }, { authType: 'mtls' }],
  ['a read without id and authType', { data: { webhookUrl: 'https://a.b' } }, { webhookUrl: 'https://a.b' }],
  ['nulls', { id: null, signingSecret: null }, {}],
  ['no data', { ...plain, data: null }, known],
  ['data that is a list', { data: [plain] }, {}],
  ['an empty secret', { signingSecret: '' }, {}],
  ['values that are no texts', { id: {}, webhookUrl: 7, createdAt: 1 }, {}],
  ['an id that is a number', { data: { id: 7 } }, { id: '7' }],
  ['a prototype', JSON.parse('{"__proto__":{"id":"x"}}'), {}],
  ['nothing', {}, {}],
  ['a list', [plain], undefined],
  ['a text', 'OK', undefined],
  ['null', null, undefined],
]

for (const [name, answer, integration] of cases) {
  void t.test(`an integration from ${name}`, async t => {
    t.strictSame(integrationSchema.safeParse(answer).data, integration)
  })
}

void t.test('the documented auth types', async t => {
  t.strictSame(authTypeSchema.options, ['bearer', 'api_key', 'basic', 'no_auth'])
})
