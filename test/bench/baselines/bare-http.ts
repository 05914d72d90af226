import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Node's own server, which reads the body and answers 200: what HTTP takes by itself. */
const answer = JSON.stringify({ status: 'accepted' })
const headers = { 'content-type': 'application/json', 'content-length': answer.length }
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200, headers).end(answer))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
