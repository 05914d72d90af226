import { post } from '../../conformance/http.ts'
import type { Delivered, Reader } from './engine.ts'

type Leased = { lease: string; event: Record<string, unknown> }

/** Reads the embedded queue by the consumer API, which removes what it gives. */
export function embeddedReader(adminUrl: () => string): Reader {
  return async () => {
    const all: Delivered[] = []
    for (;;) {
      const { status, text: raw } = await post(`${adminUrl()}/queue/receive`, { max: 1000 })
      if (status !== 200) throw new Error(`receive answered ${status}`)
      const { messages }: { messages: Leased[] } = JSON.parse(raw)
      if (messages.length === 0) return all
      all.push(...messages.map(({ event }) => ({ event, raw })))
      const answer = await post(`${adminUrl()}/queue/ack`, { leases: messages.map(({ lease }) => lease) })
      const { settled }: { settled: number } = JSON.parse(answer.text)
      if (settled !== messages.length) throw new Error(`${settled} of ${messages.length} were acknowledged`)
    }
  }
}
