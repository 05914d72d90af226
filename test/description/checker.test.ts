import t from 'tap'
import { Checker, type Exchange, type OpenApiDocument } from './checker.ts'

const error = {
  type: 'object',
  properties: { code: { type: 'string', enum: ['ERR_A', 'ERR_B'] } },
  required: ['code'],
}
const document: OpenApiDocument = {
  paths: {
    '/a/b': {
      get: {
        responses: {
          200: {
            content: {
              'application/json': { schema: { type: 'object', properties: { n: { type: 'integer' } } } },
            },
          },
          503: {
            headers: { 'Retry-After': { schema: { type: 'integer' } } },
            content: { 'application/json': { schema: error } },
          },
        },
      },
    },
    '/text': {
      get: { responses: { 200: { content: { 'text/plain; v=1': { schema: { type: 'string' } } } } } },
    },
  },
}

const json = { 'content-type': 'application/json; charset=utf-8', date: 'now' }
const good: Exchange = { method: 'GET', path: '/a/b?c=d', status: 200, headers: json, text: '{"n":1}' }
const away = { ...good, status: 503, headers: { ...json, 'retry-after': '5' }, text: '{"code":"ERR_A"}' }
const text: Exchange = { ...good, path: '/text', headers: { 'content-type': 'text/plain; v=1' }, text: 'any' }

t.test('what is as described has no problems', async t => {
  for (const answer of [good, away, text]) t.same(new Checker(document).problems(answer), [])
})

const wrong: [name: string, answer: Exchange, problem: RegExp][] = [
  ['another path', { ...good, path: '/a' }, /GET \/a 200 is not described/],
  ['another method', { ...good, method: 'POST' }, /POST \/a\/b 200 is not described/],
  ['another status', { ...good, status: 404 }, /404 is not described/],
  ['another type', { ...good, headers: { 'content-type': 'text/html' } }, /type text\/html is not described/],
  [
    'another version of the type',
    { ...text, headers: { 'content-type': 'text/plain; v=2' } },
    /type .* not described/,
  ],
  ['a wrong field', { ...good, text: '{"n":"1"}' }, /\/n must be integer/],
  ['one more field', { ...good, text: '{"n":1,"m":2}' }, /must NOT have additional properties .*"m"/],
  ['a missing field', { ...away, text: '{}' }, /must have required property 'code'/],
  ['another code', { ...away, text: '{"code":"ERR_C"}' }, /must be equal to one of the allowed values/],
  ['a missing header', { ...away, headers: json }, /Retry-After: .*must be integer/],
  [
    'a wrong header',
    { ...away, headers: { ...json, 'retry-after': 'soon' } },
    /Retry-After: .*must be integer/,
  ],
  [
    'one more header',
    { ...good, headers: { ...json, 'retry-after': '5' } },
    /header retry-after is not described/,
  ],
]

for (const [name, answer, problem] of wrong)
  t.test(`${name} is a problem`, async t => t.match(new Checker(document).problems(answer), [problem]))

t.test('what was never answered is named, by its code where there are several', async t => {
  const checker = new Checker(document)
  t.same(checker.operations(), [
    ['GET', '/a/b'],
    ['GET', '/text'],
  ])
  t.same(checker.unseen(), ['GET /a/b 200', 'GET /a/b 503 ERR_A', 'GET /a/b 503 ERR_B', 'GET /text 200'])
  for (const answer of [good, away, text]) checker.problems(answer)
  t.same(checker.unseen(), ['GET /a/b 503 ERR_B'])
})
