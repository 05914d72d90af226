import t from 'tap'
import { queueNameOf } from '../src/queue-name.ts'

t.test('no two projects share a name, and every broker takes it', async t => {
  t.equal(queueNameOf('my-project'), 'jelou-events-my-project')
  const projects = [
    'a b',
    'a_20_b',
    'a.b',
    'a/b',
    'a_b',
    'A_B',
    'día',
    '🎉',
    'x'.repeat(60),
    'x'.repeat(61),
    'x'.repeat(62),
    '../x',
  ]
  const names = projects.map(queueNameOf)
  t.equal(new Set(names).size, projects.length)
  for (const name of names) t.match(name, /^[\w-]{1,80}$/)
})
