import t from 'tap'
import { envelope } from '../../src/webhook/envelope.ts'
import { createHeads } from '../../src/page/dead-letter-heads.ts'
import type { VerifiedBody } from '../../src/jelou/signature.ts'
import type { DeadLetter } from '../../src/queue/types.ts'

const DAY = 86_400_000

function letter(seq: number, event: Buffer): DeadLetter {
  return { seq, attempts: 5, reason: 'no', diedAt: DAY, event }
}

function create(answers: (DeadLetter[] | Error)[]) {
  const clock = { time: 0 }
  const asked: object[] = []
  const heads = createHeads(
    {
      async dead(page) {
        asked.push(page)
        const answer = answers.shift()
        if (!Array.isArray(answer)) throw answer
        return answer
      },
    },
    () => clock.time,
  )
  return { clock, asked, heads }
}

t.test('what is shown is how the event begins, never what the customer said', async t => {
  const name = '"type":"x\\'.repeat(50)
  const event = { name, partitionKey: undefined, timestamp: undefined }
  const message = envelope(event, Buffer.from('{"text":"customer"}') as VerifiedBody, 'PROJECT', 0, {
    traceparent: '00-1-2-01',
  })
  const others = ['{"n":1}', '', '{"specversion":"1.0","id":"short","source":"","type":"t"}'].map(text =>
    Buffer.from(text),
  )
  const { heads, asked } = create([[message.body, ...others].map((event, place) => letter(place, event))])
  t.strictSame(await heads(4), [
    { seq: 0, attempts: 5, reason: 'no', diedAt: DAY, event: { id: message.id, type: message.type } },
    ...[1, 2, 3].map(seq => ({ seq, attempts: 5, reason: 'no', diedAt: DAY, event: null })),
  ])
  t.strictSame(asked, [{ after: 0, limit: 20 }])
})

t.test('they are read again when their number changes, and now and then', async t => {
  const [one, two] = [letter(1, Buffer.from('')), letter(2, Buffer.from(''))]
  const { clock, asked, heads } = create([[one], [one, two], [two], new Error('the queue is closed'), [one]])
  const seqs = async (count?: number) => (await heads(count))?.map(({ seq }) => seq) ?? null
  t.strictSame(await seqs(0), [])
  t.strictSame(await seqs(undefined), null, 'the queue cannot be asked')
  t.strictSame(await seqs(1), [1])
  t.strictSame(await seqs(1), [1])
  t.equal(asked.length, 1)
  t.strictSame(await seqs(2), [1, 2])
  clock.time += 15_000
  t.strictSame(await seqs(2), [2])
  t.strictSame(await seqs(3), null)
  t.strictSame(await seqs(3), [1])
})
