import t from 'tap'
import { startNats } from '../brokers/nats.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'
import type { StateUnderTest } from './fixtures/backend.ts'

const server = await startNats(t)
if (server !== null) {
  const state: StateUnderTest = {
    url: ({ host, port } = server) => new URL(`nats://${host}:${port}`),
    directory: '',
  }
  stateContract(t, state)
  serverContract(t, state, server)
}
