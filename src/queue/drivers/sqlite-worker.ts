import { parentPort, workerData } from 'node:worker_threads'
import { serveQueue } from './sqlite-engine.ts'
import { freeBytes } from './sqlite-space.ts'

if (parentPort !== null) serveQueue(parentPort, workerData, { now: Date.now, freeBytes, tick: 1_000 })
