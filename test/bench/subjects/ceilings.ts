import { startProgram } from './program.ts'
import type { Subject } from './subject.ts'

const ceiling = { group: 'ceiling', traffic: 'fresh' } as const

/** What all others are compared with. */
export const BASELINE = 'bare-fastify'

/** What nobody can be faster than who takes webhooks with Node. */
export const CEILINGS: Subject[] = [
  {
    ...ceiling,
    name: 'bare-http',
    about: '`node:http` that reads the body and answers 200: nothing is checked or kept',
    start: ({ scope }) => startProgram(scope, 'bare-http.ts'),
  },
  {
    ...ceiling,
    name: BASELINE,
    about: 'a Fastify route that has the JSON parsed and answers 200: nothing is checked or kept',
    start: ({ scope }) => startProgram(scope, 'bare-fastify.ts'),
  },
]
