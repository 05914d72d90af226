import t from 'tap'
import {
  dayAndTime,
  formatAge,
  formatCount,
  formatNumber,
  formatSize,
  formatTime,
  timeOfDay,
} from '../../src/page/format.ts'

const cases: [text: string, expected: string][] = [
  [formatCount(0), '0'],
  [formatCount(1234567), '1,234,567'],
  [formatNumber(0), '0'],
  [formatNumber(2.345), '2.35'],
  [formatNumber(12), '12'],
  [formatNumber(123.4), '123'],
  [formatNumber(12345.6), '12,346'],
  [formatTime(0.0512), '0.0512 ms'],
  [formatTime(7.346), '7.35 ms'],
  [formatTime(999), '999 ms'],
  [formatTime(1000), '1 s'],
  [formatTime(61_500), '61.5 s'],
  [formatAge(0), '0 s'],
  [formatAge(59.9), 'less than 1 min'],
  [formatAge(60), '1 min'],
  [formatAge(3599), '59 min'],
  [formatAge(3600), '1 h'],
  [formatAge(11_520), '3 h 12 min'],
  [formatAge(86_400 * 3 + 59), '3 d'],
  [formatAge(86_400 * 3 + 7_200), '3 d 2 h'],
  [formatSize(0), '0 bytes'],
  [formatSize(1023), '1,023 bytes'],
  [formatSize(1024), '1 kB'],
  [formatSize(1.5 * 1024 ** 2), '1.5 MB'],
  [formatSize(5 * 1024 ** 5), '5,120 TB'],
  [timeOfDay('2026-04-14T02:37:58.574Z'), '02:37:58'],
  [timeOfDay(0), '00:00:00'],
  [dayAndTime(Date.UTC(2026, 3, 14, 2, 37, 58)), '2026-04-14 02:37:58'],
]

t.test('numbers and times are short', async t => {
  for (const [text, expected] of cases) t.equal(text, expected)
})
