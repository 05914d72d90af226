import t from 'tap'
import { describeError, formOf, formsOf, printable, statusText } from '../../src/jelou/reason.ts'

const deep = `{"message":${'['.repeat(100_000)}"x"${']'.repeat(100_000)}}`
const documented = {
  message: ['Invalid fields'],
  statusMessage: 'failed',
  status: 0,
  error: {
    code: 'E1',
    key: 'K',
    description: 'Look at the fields',
    developerMessages: {},
    clientMessages: {},
  },
  validationError: { webhookUrl: ['must be HTTPS', 'must be public'], depth: { of: 2 } },
}

const cases: [name: string, body: string, detail: string][] = [
  ['nothing', '', ''],
  ['only spaces', ' \r\n ', ''],
  ['plain text', ' go away ', ': go away'],
  ['HTML', '\n<!DOCTYPE html><h1>502</h1>', ': a web page'],
  ['JSON that was cut', '{"message":"Inva', ''],
  ['an array that was cut', '["Inva', ''],
  ['a JSON string', '"no"', ': no'],
  ['a JSON array', '["no", 1, true, null]', ': no; 1; true'],
  ['null', 'null', ''],
  ['an empty object', '{}', ''],
  ['a message', '{"message":"no"}', ': no'],
  ['messages', '{"message":["no","never"]}', ': no; never'],
  ['messages that are objects', '{"message":[{"field":"url","tries":2}]}', ': field: url; tries: 2'],
  ['an error that is a text', '{"error":"Bad Request","message":"no"}', ': no'],
  ['the same twice', '{"message":"no","error":{"description":"no"}}', ': no'],
  [
    'the documented shape',
    JSON.stringify(documented),
    ': Invalid fields; Look at the fields; webhookUrl: must be HTTPS; webhookUrl: must be public; depth: of: 2',
  ],
  ['nested without end', deep, ''],
]

for (const [name, body, detail] of cases) {
  void t.test(`describes ${name}`, async t => {
    t.equal(describeError(422, body), `422 Unprocessable Entity${detail}`)
  })
}

const forms: [form: ReturnType<typeof formOf>, body: string][] = [
  ['documented', JSON.stringify(documented)],
  ['documented', '{"message":["Not found."],"statusMessage":"failed"}'],
  ['documented', '{"message":"no","error":{"code":"E1"}}'],
  ['documented', '{"validationError":{}}'],
  // A gateway, two web frameworks, RFC 9457, and what says nothing.
  ['other', '{"message":"no Route matched with those values"}'],
  ['other', '{"message":"Route GET:/x not found","error":"Not Found","statusCode":404}'],
  ['other', '{"timestamp":"now","status":404,"error":"Not Found","path":"/x"}'],
  ['other', '{"type":"about:blank","title":"Not Found","status":404}'],
  ['other', 'default backend - 404'],
  ['other', '{"statusMessage":"fai'],
  ['other', '[]'],
  ['other', 'null'],
  ['other', ''],
  ['page', '\r\n <html><head><title>404 Not Found</title></head></html>'],
]

void t.test('whose an error may be', async t => {
  for (const [form, body] of forms) t.equal(formOf(body), form, body)
})

void t.test('a status without a name is its number', async t => {
  t.equal(statusText(404), '404 Not Found')
  t.equal(statusText(599), '599')
})

void t.test('one printable line', async t => {
  t.equal(printable(' a\r\n\tb\u0000c\u001b[31m\u2028d\u202ee\ud800 f ', []), 'a b c [31m d e f')
  t.equal(printable('x'.repeat(300), []), 'x'.repeat(300))
  t.equal(printable('x'.repeat(301), []), `${'x'.repeat(299)}…`)
  t.equal(printable(`${'x'.repeat(298)}😀yy`, []), `${'x'.repeat(298)}…`, 'no half of a character')
  t.equal(printable('ñ 日本 😀', []), 'ñ 日本 😀')
})

void t.test('secrets are masked in each of their forms, also where the line ends', async t => {
  const secret = 'se"cret'
  t.strictSame(formsOf(secret), [secret, 'c2UiY3JldA==', 'se\\"cret'])
  t.equal(printable(formsOf(secret).join(' '), formsOf(secret)), '*** *** ***')
  t.equal(printable('ab abcd', ['ab', 'abcd', '']), '*** ***', 'the longest first, and an empty one is none')
  t.equal(printable(`${'x'.repeat(297)}${secret}`, [secret]), `${'x'.repeat(297)}***`)
})
