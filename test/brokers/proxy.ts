import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Owner } from './owner.ts'

/** A TCP proxy whose connections a test cuts, stalls and half-closes. */
export type Proxy = {
  port: number
  /** How many connections are open. */
  connections: () => number
  /** Cuts every connection now (RST). */
  cut: () => void
  /** While refusing, new connections are cut as soon as they come; the open ones are cut too. */
  refuse: (refusing: boolean) => void
  /** While stalled, no byte goes either way and no connection ends: as when a cable is pulled. */
  stall: (stalled: boolean) => void
  /** What comes back comes so many ms later. */
  lag: (ms: number) => void
  /** Ends the server's side of every connection (FIN) and goes on taking what the client sends, for nothing. */
  halfClose: () => void
  /** The next bytes that come back are dropped and the connection cut: what the client asked for was done, and it does not know. */
  cutAnswers: () => void
  /** The next bytes that come back are replaced by as many that no protocol of ours has a meaning for. */
  garbleAnswers: () => void
  /** One bit of the next bytes is another, whichever way they go: only what has a checksum can notice. */
  flipBit: () => void
}

/** Listens on a port of the loopback, a random one unless it is named, and connects to `target`, until the end of the test. */
export async function proxy(
  t: Owner,
  { host, port }: { host: string; port: number },
  listen = 0,
): Promise<Proxy> {
  const pairs = new Set<{ client: Socket; server: Socket }>()
  let refusing = false
  let stalled = false
  let lag = 0
  let cuttingAnswers = false
  let garblingAnswers = false
  let flipping = false

  const listener = createServer({ allowHalfOpen: true }, client => {
    client.on('error', () => {})
    if (refusing) return client.resetAndDestroy()
    const server = connect({ host, port, allowHalfOpen: true })
    server.on('error', () => {})
    const pair = { client, server }
    pairs.add(pair)
    if (stalled) pause(pair)
    const answer = (bytes: Buffer) => void (client.writable && client.write(bytes))
    client.on('data', chunk => server.writable && server.write(flipped(chunk)))
    server.on('data', chunk => {
      if (cuttingAnswers) return cut()
      const bytes = garblingAnswers ? garbled(chunk) : flipped(chunk)
      garblingAnswers = false
      if (lag > 0) setTimeout(answer, lag, bytes)
      else answer(bytes)
    })
    client.on('end', () => server.end())
    server.on('end', () => client.end())
    for (const socket of [client, server])
      socket.on('close', () => {
        client.destroy()
        server.destroy()
        pairs.delete(pair)
      })
    return undefined
  })
  listener.listen(listen, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(async () => {
    listener.close()
    cut()
    await once(listener, 'close')
  })

  function flipped(chunk: Buffer): Buffer {
    if (!flipping) return chunk
    flipping = false
    const at = Math.floor(chunk.length / 2)
    return Buffer.from(chunk.map((byte, index) => (index === at ? byte ^ 4 : byte)))
  }

  function cut(): void {
    cuttingAnswers = false
    for (const { client, server } of pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  return {
    port: (listener.address() as AddressInfo).port,
    connections: () => pairs.size,
    cut,
    refuse(now) {
      refusing = now
      if (now) cut()
    },
    stall(now) {
      stalled = now
      for (const pair of pairs) {
        if (now) pause(pair)
        else resume(pair)
      }
    },
    lag(ms) {
      lag = ms
    },
    halfClose() {
      for (const { client } of pairs) client.end()
    },
    cutAnswers() {
      cuttingAnswers = true
    },
    garbleAnswers() {
      garblingAnswers = true
    },
    flipBit() {
      flipping = true
    },
  }
}

/** Each byte has its highest bit set: none is the first of anything in Redis, AMQP, NATS, HTTP, or a length in Kafka. */
function garbled(chunk: Buffer): Buffer {
  return Buffer.from(chunk.map((byte, at) => 0x80 | (byte ^ (at * 37))))
}

function pause({ client, server }: { client: Socket; server: Socket }): void {
  client.pause()
  server.pause()
}

function resume({ client, server }: { client: Socket; server: Socket }): void {
  client.resume()
  server.resume()
}
