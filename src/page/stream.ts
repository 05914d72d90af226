import { Readable } from 'node:stream'

/** What each part of the page is now, by its id. */
type Parts = Record<string, string>

export type StreamOptions = {
  render: () => Promise<Parts>
  /** Why a rendering failed; the next is tried all the same. */
  onError: (error: unknown) => void
  /** How many may listen at a time. */
  most: number
  /** How often the page is rendered while somebody listens, and how long nothing may be sent, in ms. */
  interval: number
  heartbeat: number
}

/** One who listens. What does not fit into its buffer is not kept for it: it gets the whole page once there is room again. */
type Client = { stream: Readable; hasRoom: boolean; isBehind: boolean; sentAt: number }

/**
 * Server-sent events (HTML, 9.2): what changed of the page, as an event `parts` with a JSON object of id and HTML. One
 * rendering serves all who listen, and there is none while nobody does.
 */
export class LiveStream {
  readonly #options: StreamOptions
  readonly #clients = new Set<Client>()
  #parts: Parts = {}
  #timer: NodeJS.Timeout | undefined
  #isRendering = false
  #isClosed = false

  constructor(options: StreamOptions) {
    this.#options = options
  }

  /** A stream for one more, which gets the whole page first; null when there are too many, or it is closed. */
  open(): Readable | null {
    if (this.#isClosed || this.#clients.size >= this.#options.most) return null
    const stream = new Readable({
      read: () => {
        client.hasRoom = true
      },
    })
    const client: Client = { stream, hasRoom: true, isBehind: true, sentAt: performance.now() }
    // So that the answer begins even when there is nothing to show yet.
    stream.push('retry: 2000\n\n')
    stream.once('close', () => {
      this.#clients.delete(client)
      if (this.#clients.size === 0) this.#stop()
    })
    this.#clients.add(client)
    this.#timer ??= setInterval(() => void this.#tick(), this.#options.interval)
    void this.#tick()
    return stream
  }

  /** Ends what is open. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.#stop()
    for (const { stream } of this.#clients) stream.push(null)
    this.#clients.clear()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #tick(): Promise<void> {
    // A rendering that takes longer than the interval is not overtaken by the next.
    if (this.#isRendering) return
    this.#isRendering = true
    const before = this.#parts
    try {
      this.#parts = await this.#options.render()
    } catch (error) {
      this.#options.onError(error)
    } finally {
      this.#isRendering = false
    }
    const changed = Object.entries(this.#parts).filter(([id, part]) => before[id] !== part)
    for (const client of this.#clients) this.#send(client, Object.fromEntries(changed))
  }

  #send(client: Client, changed: Parts): void {
    const parts = client.isBehind ? this.#parts : changed
    const isNews = Object.keys(parts).length > 0
    if (!isNews && performance.now() - client.sentAt < this.#options.heartbeat) return
    client.isBehind = !client.hasRoom && (client.isBehind || isNews)
    if (!client.hasRoom) return
    client.hasRoom = client.stream.push(isNews ? `event: parts\ndata: ${JSON.stringify(parts)}\n\n` : ':\n\n')
    client.sentAt = performance.now()
  }
}
