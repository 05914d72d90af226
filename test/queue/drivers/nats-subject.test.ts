import t from 'tap'
import { covers, streamNameOf, subjectOf } from '../../../src/queue/drivers/nats-subject.ts'

const type = (type: string) => subjectOf('a.b', { type, partitionKey: 'k' })
const key = (partitionKey: string) => subjectOf('q', { type: 'ai.jelou.message', partitionKey })

void t.test('makes a subject that has the key as its last token', async t => {
  const cases = {
    room: 'room',
    '': '%empty',
    'a.b': 'a%2Eb',
    '*': '%2A',
    '>': '%3E',
    'a b\t\0': 'a%20b%09%00',
    día: 'd%C3%ADa',
    '%empty': '%25empty',
    '\ud83d': '%EF%BF%BD',
    ['k'.repeat(200)]: 'k'.repeat(200),
  }
  for (const [text, token] of Object.entries(cases)) t.equal(key(text), `q.ai.jelou.message.${token}`)
  t.match(key('k'.repeat(201)), /^q\.ai\.jelou\.message\.%sha256-[0-9a-f]{64}$/)
  t.not(key('k'.repeat(201)), key('k'.repeat(202)))
})

void t.test('keeps the dots of the type', async t => {
  t.equal(type('ai.jelou.conversation.start'), 'a.b.ai.jelou.conversation.start.k')
  t.equal(type('ai.jelou..x y.'), 'a.b.ai.jelou.%empty.x%20y.%empty.k')
  for (const long of ['x.'.repeat(251), `${'語'.repeat(20)}.`.repeat(20)])
    t.match(type(long), /^a\.b\.%sha256-[0-9a-f]{64}\.k$/)
})

void t.test('knows whether a stream takes all of a queue', async t => {
  const yes = ['a.b.>', 'a.>', '>', '*.b.>', 'a.*.>', '*.>']
  const no = ['a.b', 'a.b.*', 'a.b.c.>', 'b.>', 'a.c.>', '*.*.*.>', 'a.b.*.>']
  for (const subject of yes) t.ok(covers(subject, 'a.b'), subject)
  for (const subject of no) t.notOk(covers(subject, 'a.b'), subject)
})

void t.test('names streams without dots', async t => {
  t.same(['jelou-events', 'a.b', 'a_b'].map(streamNameOf), ['jelou-events', 'a=b', 'a_b'])
})
