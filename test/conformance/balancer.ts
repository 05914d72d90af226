import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../brokers/owner.ts'
import { Agent, request } from 'undici'

/** What a load balancer before several replicas does: one address, and each request to the next replica that is ready. */
export type Balancer = { url: string; add: (publicUrl: string) => void; remove: (publicUrl: string) => void }

/** The header of an answer that names the replica that was asked: its public URL. */
export const SERVED_BY = 'x-served-by'
const PROBE_INTERVAL = 50
const PROBE_TIMEOUT = 500

type Forwarded = { status: number; text: string; replica?: string }

/** Listens on a random port of the loopback until the end of the test. */
export async function balancer(t: Owner): Promise<Balancer> {
  const ready = new Map<string, boolean>()
  const agent = new Agent({ headersTimeout: 10_000, keepAliveMaxTimeout: 4_000 })
  const over = new AbortController()
  let turn = 0

  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing)
  })

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const { status, text, replica } = await forward(incoming)
      const named = replica === undefined ? {} : { [SERVED_BY]: replica }
      outgoing.writeHead(status, { 'content-type': 'application/json', ...named }).end(text)
    } catch {
      outgoing.writeHead(502).end()
    }
  }

  async function forward(incoming: IncomingMessage): Promise<Forwarded> {
    const { method = 'GET', url = '/' } = incoming
    const { host: _, connection: __, ...headers } = incoming.headers
    const body = await buffer(incoming)
    const candidates = [...ready].filter(([, isReady]) => isReady).map(([replica]) => replica)
    const replica = candidates[turn++ % candidates.length]
    if (replica === undefined) return { status: 502, text: '' }
    try {
      const answer = await request(replica + url, { dispatcher: agent, method, headers, body })
      return { status: answer.statusCode, text: await answer.body.text(), replica }
    } catch {
      return { status: 502, text: '', replica }
    }
  }

  async function probe(replica: string): Promise<boolean> {
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(PROBE_TIMEOUT), over.signal])
      const answer = await request(`${replica}/readyz`, { dispatcher: agent, signal })
      await answer.body.dump()
      return answer.statusCode === 200
    } catch {
      return false
    }
  }

  async function watch(replica: string): Promise<void> {
    while (!over.signal.aborted && ready.has(replica)) {
      const isReady = await probe(replica)
      if (ready.has(replica)) ready.set(replica, isReady)
      await sleep(PROBE_INTERVAL)
    }
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    over.abort()
    await agent.destroy()
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add(replica) {
      ready.set(replica, false)
      void watch(replica)
    },
    remove: replica => void ready.delete(replica),
  }
}
