import { z } from 'zod'

/** How Jelou authenticates itself to the webhook, beside the signature (protocol page, 2). */
export const authTypeSchema = z.enum(['bearer', 'api_key', 'basic', 'no_auth'])
export type AuthType = z.infer<typeof authTypeSchema>

/** What is sent to create an integration; any part of it updates one. `authorization` is a credential. */
export const integrationRequestSchema = z.object({
  webhookUrl: z.string(),
  authType: authTypeSchema,
  authorization: z.string().exactOptional(),
})
export type IntegrationRequest = z.infer<typeof integrationRequestSchema>

const record = z.record(z.string(), z.unknown())

/** The usable texts of a JSON object: null, empty and other values count as missing, but an id may be a number. */
function textsOf(value: unknown): Record<string, unknown> {
  const { data: fields = {} } = record.safeParse(value)
  const id = typeof fields['id'] === 'number' ? String(fields['id']) : fields['id']
  return Object.fromEntries(
    Object.entries({ ...fields, id }).filter(([, text]) => typeof text === 'string' && text !== ''),
  )
}

/**
 * Jelou's answer about an integration, in either documented shape: the fields themselves, or under `data`. Every field may
 * be missing; `signingSecret` is only ever there after a create (protocol page, 1). `createdAt` is an ISO 8601 text.
 */
export const integrationSchema = record
  .transform(answer => ({ ...textsOf(answer), ...textsOf(answer['data']) }))
  .pipe(
    z.object({
      id: z.string().exactOptional(),
      webhookUrl: z.string().exactOptional(),
      authType: z.string().exactOptional(),
      signingSecret: z.string().exactOptional(),
      createdAt: z.string().exactOptional(),
    }),
  )
export type Integration = z.infer<typeof integrationSchema>

/** The parts of a JSON error body that explain it; each may hold anything (protocol page, 1). */
export const errorBodySchema = z.object({
  message: z.unknown().optional(),
  error: z.object({ description: z.unknown().optional() }).optional().catch(undefined),
  validationError: z.unknown().optional(),
})

/** What an error of Jelou has and one of a gateway, a proxy or a web framework has not: any of these (protocol page, 1). */
export const jelouErrorSchema = z.union([
  z.object({ statusMessage: z.string() }),
  z.object({ error: record }),
  z.object({ validationError: record }),
])
