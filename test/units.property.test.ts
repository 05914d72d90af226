import * as fc from 'fast-check'
import t from 'tap'
import { duration, size } from '../src/units.ts'
import { holds } from './fixtures/property.ts'

const DURATIONS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SIZES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }
const kinds = [
  ['durations', duration, DURATIONS],
  ['sizes', size, SIZES],
] as const

for (const [name, kind, units] of kinds) {
  void t.test(`${name} are read as what they were written as`, t =>
    holds(
      t,
      fc.property(
        fc.nat(1_000_000),
        fc.constantFrom(...Object.entries(units)),
        fc.constantFrom('', ' ', '  '),
        fc.boolean(),
        (amount, [unit, factor], space, isUpper) => {
          const text = `${space}${amount}${space}${isUpper ? unit.toUpperCase() : unit}${space}`
          return kind.parse(text) === amount * factor
        },
      ),
    ),
  )

  void t.test(`${name}: any text is one that is exact, or is refused`, t =>
    holds(
      t,
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^-?\d{0,15}\.?\d*e?\d* ?[a-zA-Z]{0,2}$/)),
        text => {
          const { success, data, error } = kind.safeParse(text)
          if (!success) return error.issues.length === 1
          const [, digits = '', unit = ''] = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text) ?? []
          const factor = new Map(Object.entries(units)).get(unit.toLowerCase()) ?? 0
          return Number.isSafeInteger(data) && BigInt(digits) * BigInt(factor) === BigInt(data)
        },
      ),
    ),
  )
}
