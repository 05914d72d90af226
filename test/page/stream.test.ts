import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { LiveStream, type StreamOptions } from '../../src/page/stream.ts'

type Parts = Record<string, string>

/** A stream whose page is what the test says. */
function create(t: Test, more: Partial<StreamOptions> = {}) {
  const page: { parts: Parts; renderings: number } = { parts: { a: '1', b: '1' }, renderings: 0 }
  const errors: unknown[] = []
  const live = new LiveStream({
    async render() {
      page.renderings++
      return { ...page.parts }
    },
    onError: error => errors.push(error),
    most: 10,
    interval: 5,
    heartbeat: 6e4,
    ...more,
  })
  t.teardown(() => live.close())
  const open = (): Readable => {
    const stream = live.open()
    if (stream === null) throw new Error('no room')
    return stream.setEncoding('utf8')
  }
  return { live, page, errors, open }
}

/** What it is sent from now on, one after another. */
function collect(stream: Readable): string[] {
  const texts: string[] = []
  stream.on('data', (text: string) => texts.push(...text.split('\n\n').filter(Boolean)))
  return texts
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await sleep(2)
}

function event(parts: Parts): string {
  return `event: parts\ndata: ${JSON.stringify(parts)}`
}

t.test('first the whole page, then what changes, to everybody', async t => {
  const { page, open } = create(t)
  const first = collect(open())
  await until(() => first.length === 2)
  t.strictSame(first, ['retry: 2000', event({ a: '1', b: '1' })])
  page.parts = { a: '1', b: '2\n' }
  await until(() => first.length === 3)
  const second = collect(open())
  await until(() => second.length === 2)
  page.parts = { a: '3', b: '2\n' }
  await until(() => first.length === 4 && second.length === 3)
  t.strictSame(first.slice(2), [event({ b: '2\n' }), event({ a: '3' })])
  t.strictSame(second.slice(1), [event({ a: '1', b: '2\n' }), event({ a: '3' })])
})

t.test('nothing is rendered while nobody listens', async t => {
  const { page, open } = create(t)
  await sleep(20)
  t.equal(page.renderings, 0)
  const [one, other] = [open(), open()]
  await until(() => page.renderings > 3)
  one.destroy()
  const before = page.renderings
  await until(() => page.renderings > before + 3)
  other.destroy()
  await sleep(20)
  const after = page.renderings
  await sleep(50)
  t.equal(page.renderings, after)
})

t.test('a sign of life when nothing changes', async t => {
  const { open } = create(t, { heartbeat: 20 })
  const texts = collect(open())
  await until(() => texts.length >= 4)
  t.strictSame(texts.slice(2, 4), [':', ':'])
})

t.test('who is too slow misses changes, and gets the whole page once it is ready', async t => {
  const { page, open } = create(t, { heartbeat: 1 })
  const large = 'x'.repeat(100_000)
  page.parts = { a: large, b: '1' }
  const stream = open()
  const fast = collect(open())
  await until(() => stream.readableLength > 100_000)
  const held = stream.readableLength
  for (const b of ['2', '3', '4']) {
    page.parts = { a: large, b }
    await until(() => fast.includes(event({ b })))
  }
  t.equal(stream.readableLength, held, 'nothing is kept for it')
  const slow = collect(stream)
  const whole = event({ a: large, b: '4' })
  await until(() => slow.includes(whole))
  t.strictSame(
    slow.filter(text => text !== ':'),
    ['retry: 2000', event({ a: large, b: '1' }), whole],
  )
})

t.test('a rendering that takes long is not overtaken, and one that fails is not the last', async t => {
  let underway = 0
  let most = 0
  let renderings = 0
  const { errors, open } = create(t, {
    interval: 2,
    async render() {
      most = Math.max(most, ++underway)
      await sleep(15)
      underway--
      if (++renderings === 2) throw new Error('no')
      return { a: String(renderings) }
    },
  })
  const texts = collect(open())
  await until(() => texts.length >= 3)
  t.equal(most, 1)
  t.match(errors, [{ message: 'no' }])
  t.strictSame(texts.slice(1, 3), [event({ a: '1' }), event({ a: '3' })])
})

t.test('there is room for so many, until it is closed', async t => {
  const { live, page, open } = create(t, { most: 2 })
  const stream = open()
  open()
  t.equal(live.open(), null)
  const closed = new Promise(resolve => stream.once('end', resolve))
  const texts = collect(stream)
  live.close()
  live.close()
  await closed
  t.strictSame(texts, ['retry: 2000'], 'what was under way comes too late')
  t.equal(live.open(), null)
  const after = page.renderings
  await sleep(30)
  t.equal(page.renderings, after)
})
