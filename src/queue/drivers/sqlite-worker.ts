import { parentPort, workerData } from 'node:worker_threads'
import { serveQueue } from './sqlite-engine.ts'
import { freeBytes } from './sqlite-space.ts'
import { steadyClock } from './steady-clock.ts'

if (parentPort !== null) serveQueue(parentPort, workerData, { now: steadyClock(), freeBytes, tick: 1_000 })
