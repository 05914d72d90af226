import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../../brokers/owner.ts'
import { post } from '../../conformance/http.ts'
import type { Delivered, Reader } from './engine.ts'

type Leased = { lease: string; event: Record<string, unknown> }

/** A consumer of the embedded queue, which removes what it has read. `mayRepeat`: an acknowledgement was not confirmed. */
export type Consumer = { reader: Reader; mayRepeat: (id: string) => boolean }

/** Longer than a consumer here takes, but for what is stopped or cut: that comes again. */
const LEASE = '5s'
/** How long to leave a service alone that does not answer, in ms. */
const PAUSE = 100

/** Consumes by the API of the private listener, when it is asked to; with `owner` also all the time until that ends. */
export function embeddedConsumer(adminUrl: () => string | undefined, owner?: Owner): Consumer {
  const doubtful = new Set<string>()
  const read: Delivered[] = []
  const over = new AbortController()
  let taking: Promise<unknown> = Promise.resolve()

  /** Takes what is there; how much that was. */
  async function take(): Promise<number> {
    const url = adminUrl()
    if (url === undefined) throw new Error('no service listens')
    const { status, text: raw } = await post(`${url}/queue/receive`, { max: 1000, lease: LEASE })
    if (status !== 200) throw new Error(`receive answered ${status}`)
    const { messages }: { messages: Leased[] } = JSON.parse(raw)
    read.push(...messages.map(({ event }) => ({ event, raw })))
    if (messages.length > 0)
      await acknowledge(url, messages).catch((error: unknown) => {
        for (const { event } of messages) doubtful.add(String(event['id']))
        throw error
      })
    return messages.length
  }

  async function acknowledge(url: string, messages: Leased[]): Promise<void> {
    const { status, text } = await post(`${url}/queue/ack`, { leases: messages.map(({ lease }) => lease) })
    if (status !== 200) throw new Error(`ack answered ${status}`)
    const { expired }: { expired: string[] } = JSON.parse(text)
    const left = new Set(expired)
    for (const { lease, event } of messages) if (left.has(lease)) doubtful.add(String(event['id']))
  }

  /** One after another, so that what is read is in order. */
  function next(): Promise<number> {
    const taken = taking.then(take)
    taking = taken.catch(() => {})
    return taken
  }

  async function consume(): Promise<void> {
    while (!over.signal.aborted) if ((await next().catch(() => 0)) === 0) await sleep(PAUSE)
  }

  if (owner !== undefined) {
    const consuming = consume()
    owner.teardown(() => {
      over.abort()
      return consuming
    })
  }
  return {
    async reader() {
      while ((await next()) > 0);
      return read.splice(0)
    },
    mayRepeat: id => doubtful.has(id),
  }
}
