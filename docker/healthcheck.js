// The image's HEALTHCHECK: whether the public listener of this container answers. Small, because it runs every few seconds.
const { HOST, PORT } = process.env
// The listener's own address, unless that is one that stands for all.
const host = HOST && HOST !== '0.0.0.0' && HOST !== '::' ? HOST : '127.0.0.1'
const url = `http://${host.includes(':') ? `[${host}]` : host}:${PORT || 3000}/healthz`
try {
  const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(4000) })
  if (!ok) throw new Error(`status ${status}`)
} catch (error) {
  const { message, cause } = /** @type {Error} */ (error)
  process.stderr.write(`${url}: ${cause instanceof Error ? cause.message : message}\n`)
  process.exitCode = 1
}
