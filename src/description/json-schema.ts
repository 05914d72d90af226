import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

/** Which side of a schema is described, in which draft, and where the schemas with an id are to stand. */
export type JsonSchemaOptions = { io: 'input' | 'output'; target?: 'draft-7'; definitions: string }

/**
 * A schema as JSON Schema, and apart from it those of its parts that have an id, to which it refers by `definitions`, such as
 * `#/$defs/`. An object without a word on other fields may get more of them later: that they are dropped when it is parsed here
 * is nothing to its reader.
 */
export function jsonSchemaOf(
  schema: z.ZodType,
  { io, target, definitions }: JsonSchemaOptions,
): { schema: JsonSchema; parts: Record<string, JsonSchema> } {
  const made = z.toJSONSchema(schema, {
    io,
    ...(target && { target }),
    override({ zodSchema, jsonSchema }) {
      if (zodSchema instanceof z.ZodObject && !zodSchema.def.catchall) delete jsonSchema.additionalProperties
      if (zodSchema instanceof z.ZodRecord) delete jsonSchema.propertyNames
      // The format says it, and shorter.
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    },
  })
  const own = target === undefined ? '#/$defs/' : '#/definitions/'
  const text = JSON.stringify(made).replaceAll(`"$ref":"${own}`, `"$ref":"${definitions}`)
  const { $schema: _, $defs, definitions: older, ...rest } = JSON.parse(text)
  return { schema: rest, parts: $defs ?? older ?? {} }
}
