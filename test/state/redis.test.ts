import t from 'tap'
import { startRedis } from '../brokers/redis.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'
import type { StateUnderTest } from './fixtures/backend.ts'

const server = await startRedis(t)
if (server !== null) {
  const state: StateUnderTest = {
    url: ({ host, port } = server) => new URL(`redis://${host}:${port}`),
    directory: '',
  }
  stateContract(t, state)
  serverContract(t, state, server)
}
