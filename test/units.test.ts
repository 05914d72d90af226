import t from 'tap'
import { duration, size } from '../src/units.ts'

const durations: [string, number | undefined][] = [
  ['500ms', 500],
  ['2s', 2_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['0', 0],
  ['0s', 0],
  [' 10 S ', 10_000],
  ['', undefined],
  ['10', undefined],
  ['-1s', undefined],
  ['1.5s', undefined],
  ['1w', undefined],
  ['s', undefined],
  ['999999999999d', undefined],
]

const sizes: [string, number | undefined][] = [
  ['1b', 1],
  ['512kb', 524_288],
  ['1mb', 1_048_576],
  ['1GB', 1_073_741_824],
  ['0', 0],
  ['100', undefined],
  ['1tb', undefined],
]

t.test('durations are read as milliseconds', async t => {
  for (const [text, expected] of durations) t.equal(duration.safeParse(text).data, expected, `"${text}"`)
})

t.test('sizes are read as bytes', async t => {
  for (const [text, expected] of sizes) t.equal(size.safeParse(text).data, expected, `"${text}"`)
})

t.test('a wrong one says how to write it', async t => {
  t.match(duration.safeParse('soon').error?.issues[0]?.message, /write 500ms, 2s/)
  t.match(size.safeParse('big').error?.issues[0]?.message, /write 512kb/)
})
