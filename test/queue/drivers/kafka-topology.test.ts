import { ResponseError } from '@platformatic/kafka'
import t from 'tap'
import { partialTopology, topologyOf } from '../../../src/queue/drivers/kafka-topology.ts'

const broker = { host: 'one', port: 9092, rack: null }

const answer = (errorCode: number) => ({
  brokers: [{ ...broker, nodeId: 1 }],
  topics: [
    {
      errorCode,
      partitions: [
        { partitionIndex: 1, leaderId: -1 },
        { partitionIndex: 0, leaderId: 1 },
      ],
    },
  ],
})
const failure = (response: object) =>
  new ResponseError(3, 12, { '/topics/0/partitions/1': [5, null] }, response)

void t.test('who leads which partition', t => {
  const brokers = new Map([[1, broker]])
  const partition = { leader: 1, leaderEpoch: 0, replicas: [1], isr: [1], offlineReplicas: [] }
  const events = {
    id: 'x',
    partitions: [partition, { ...partition, leader: -1 }],
    partitionsCount: 2,
    lastUpdate: 0,
  }
  const metadata = { id: 'x', brokers, controllerId: 1, topics: new Map([['events', events]]), lastUpdate: 0 }
  t.same(topologyOf(metadata, 'events'), { brokers, leaders: [1, -1] })
  t.same(topologyOf(metadata, 'others'), { brokers, leaders: [] })
  t.end()
})

void t.test('some partitions without a leader are no failure', t => {
  const { brokers, leaders } = partialTopology(failure(answer(0)))
  t.same(leaders, [1, -1])
  t.match(brokers.get(1), { host: 'one', port: 9092 })
  for (const error of [failure(answer(5)), failure({}), new Error('away')])
    t.throws(() => partialTopology(error), error)
  t.end()
})
