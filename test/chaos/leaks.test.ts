import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { freePort } from '../brokers/server.ts'
import { holdingOf, leaksOf, strayFiles } from './leaks.ts'
import { testDirectory } from '../fixtures/directory.ts'

t.test('what a process holds is seen', async t => {
  const before = holdingOf(process.pid)
  t.ok(before.memory > 20)
  const files = Array.from({ length: 10 }, () => openSync(import.meta.filename, 'r'))
  t.teardown(() => files.forEach(closeSync))
  const server = createServer().listen(await freePort(), '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const sockets = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }),
  )
  t.teardown(() => sockets.forEach(socket => socket.destroy()))
  const child = spawn('sleep', ['60'])
  t.teardown(() => child.kill())
  await once(child, 'spawn')
  const idle = "require('node:worker_threads').parentPort.ref()"
  const workers = Array.from({ length: 3 }, () => new Worker(idle, { eval: true }))
  t.teardown(() => Promise.all(workers.map(worker => worker.terminate())))
  await Promise.all(workers.map(worker => once(worker, 'online')))
  const after = holdingOf(process.pid)
  const found = leaksOf(before, { ...after, memory: 601 }).join('; ')
  t.match(found, /\d+ files.*\d+ sockets.*\d+ pipes and event loops.*\d+ processes.*601 MB/)
})

t.test('as much as at the start, or a little more, is no leak', async t => {
  const holding = { files: 5, sockets: 5, others: 20, children: 0, memory: 200 }
  t.same(leaksOf(holding, { ...holding, sockets: 8, memory: 300 }), [])
})

t.test('files that nobody knows are named', async t => {
  const folder = testDirectory(t, {
    'state.sqlite': '',
    'chaos-redis-1.sqlite-wal': '',
    'jelou-events-x.sqlite.lock': '',
  })
  t.same(strayFiles(folder), [])
  writeFileSync(join(folder, 'state.sqlite.tmp'), '')
  mkdirSync(join(folder, 'left'))
  t.same(strayFiles(folder).toSorted(), ['left', 'state.sqlite.tmp'])
})
