import { z } from 'zod'

const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const BYTES = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** A duration such as `500ms`, `2s`, `5m`, `24h`, `7d` or `0`; parsed to milliseconds. */
export const duration = quantity(MILLISECONDS, 'is not a duration: write 500ms, 2s, 5m, 24h or 0')

/** A size such as `512kb`, `1mb`, `1gb`; parsed to bytes, 1 kb being 1,024 of them. */
export const size = quantity(BYTES, 'is not a size: write 512kb, 1mb or 1gb')

function quantity(units: Record<string, number>, problem: string) {
  return z.string(problem).transform((text, context) => {
    const [, amount, unit] = /^(\d{1,12})\s*([a-z]*)$/i.exec(text.trim()) ?? []
    const factor = unit === '' && amount === '0' ? 1 : units[unit?.toLowerCase() ?? '']
    const value = factor === undefined ? Number.NaN : Number(amount) * factor
    if (Number.isSafeInteger(value)) return value
    context.addIssue({ code: 'custom', message: problem })
    return z.NEVER
  })
}
