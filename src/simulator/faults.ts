import { z } from 'zod'

export const methodSchema = z.enum(['POST', 'GET', 'PATCH', 'DELETE'])
export type Method = z.infer<typeof methodSchema>

/**
 * Something that goes wrong with a call. Without `method` any call, without `times` every call until it is cleared.
 * `when`: `before` (the default), instead of processing the call, or `after`, once it was processed, so that only the answer is lost.
 * `delay` in ms; a fault that is nothing but a delay lets the call through. `cut` ends the connection without an answer.
 * `status` is answered with the documented error shape, `retryAfter` with that header (seconds or an HTTP date).
 * `body` spoils the answer: a web page, nothing, no JSON, half of the JSON, or half of it and then the connection cut.
 */
export const faultSchema = z.strictObject({
  method: methodSchema.exactOptional(),
  times: z.int().positive().exactOptional(),
  when: z.enum(['before', 'after']).exactOptional(),
  delay: z.int().positive().exactOptional(),
  cut: z.boolean().exactOptional(),
  status: z.int().min(200).max(599).exactOptional(),
  retryAfter: z.union([z.string(), z.int()]).exactOptional(),
  body: z.enum(['html', 'empty', 'not-json', 'half', 'broken']).exactOptional(),
})
export type Fault = z.infer<typeof faultSchema>

/** The faults that are switched on, in the order in which they were. */
export interface Faults {
  add(fault: Fault): void
  /** Those of one method, or all. */
  clear(method?: Method): void
  list(): Fault[]
  /** The first fault for a call of this method, counted as used. */
  take(method: Method): Fault | undefined
}

export function createFaults(): Faults {
  let faults: Fault[] = []
  return {
    add(fault) {
      faults.push({ ...fault })
    },
    clear(method) {
      faults = method === undefined ? [] : faults.filter(fault => fault.method !== method)
    },
    list: () => faults.map(fault => ({ ...fault })),
    take(method) {
      const fault = faults.find(fault => fault.method === undefined || fault.method === method)
      if (fault?.times !== undefined) {
        fault.times -= 1
        if (fault.times === 0) faults = faults.filter(other => other !== fault)
      }
      return fault
    },
  }
}
