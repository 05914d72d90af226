import type { Simulator } from '../../src/simulator/simulator.ts'

/** What is registered. */
export type Integration = NonNullable<Simulator['integration']>

/** The header that Jelou adds to each event, as it was told when it registered. */
export function credentialOf({
  authType,
  authorization = '',
}: Pick<Integration, 'authType' | 'authorization'>): Record<string, string> {
  const basic = Buffer.from(authorization).toString('base64')
  return {
    no_auth: {},
    bearer: { authorization: `Bearer ${authorization}` },
    api_key: { 'x-api-key': authorization },
    basic: { authorization: `Basic ${basic}` },
  }[authType]
}
