import t from 'tap'
import { startPostgres, POSTGRES } from '../brokers/postgres.ts'
import { serverContract } from './server-contract.ts'
import { stateContract } from './state-contract.ts'
import type { StateUnderTest } from './fixtures/backend.ts'

const server = await startPostgres(t)
if (server !== null) {
  const state: StateUnderTest = {
    url: ({ host, port } = server) =>
      new URL(`postgres://${POSTGRES.user}:${POSTGRES.password}@${host}:${port}/${POSTGRES.database}`),
    directory: '',
  }
  stateContract(t, state)
  serverContract(t, state, server)
}
