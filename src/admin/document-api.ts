import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { guarded } from './refused.ts'

/** A description of the API or of the messages; `make` is called once, when it is asked for the first time. */
export type Document = {
  path: string
  operationId: string
  summary: string
  make: () => object | Promise<object>
}

const ANSWER = z.looseObject({}).meta({ description: 'The document' })

/** The descriptions of both listeners and of what is on the queue. */
export async function documentApi(
  app: FastifyInstance,
  { documents }: { documents: readonly Document[] },
): Promise<void> {
  for (const { path, operationId, summary, make } of documents) {
    let made: object | undefined
    app.get(
      path,
      { schema: { operationId, summary, tags: ['descriptions'], response: { 200: ANSWER, ...guarded() } } },
      async () => (made ??= await make()),
    )
  }
}
