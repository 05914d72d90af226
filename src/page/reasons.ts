import * as errors from '../errors.ts'

/** What each code of an error says, without the part that is different each time. */
const REASONS = new Map<string, string>(
  Object.values(errors).map(Coded => {
    const { code, message } = new Coded()
    return [code, message.replace(/(: )?%s.*$/s, '')]
  }),
)

/** Why a request was refused, in words; the code itself when it is none of this service's. */
export function reasonOf(code: string): string {
  return REASONS.get(code) ?? code
}
