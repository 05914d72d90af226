import { z } from 'zod'
import { ConfigError } from '../errors.ts'

/**
 * The settings of a driver, from the query of QUEUE_URL. Throws ConfigError, which names every setting that is not known
 * or wrong and never shows the URL.
 */
export function settingsOf<T extends z.ZodRawShape>(url: URL, shape: T): z.output<z.ZodObject<T>> {
  const given = Object.fromEntries(url.searchParams)
  const parsed = z.strictObject(shape).safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue =>
    issue.code === 'unrecognized_keys'
      ? `has no setting ${issue.keys.join(', ')}, only ${Object.keys(shape).join(', ')}`
      : `${issue.path.join('.')} ${issue.message}`,
  )
  throw new ConfigError(`QUEUE_URL (${url.protocol}//…): ${problems.join('; ')}`)
}

/** A whole number in a query, from `least` to `most`. */
export function wholeNumber(least: number, most: number) {
  const problem = `must be a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^\d{1,15}$/, problem)
    .transform(Number)
    .refine(value => value >= least && value <= most, problem)
}
