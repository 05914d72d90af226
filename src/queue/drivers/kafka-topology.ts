import { ResponseError, type Broker, type ClusterMetadata } from '@platformatic/kafka'

/** The brokers by their ids, and the id of the broker that leads each partition, by its number; -1 while it has none. */
export type Topology = { brokers: ReadonlyMap<number, Broker>; leaders: number[] }

type Answer = {
  brokers: { nodeId: number; host: string; port: number }[]
  topics: { errorCode: number; partitions: { partitionIndex: number; leaderId: number }[] }[]
}

/** What a cluster says of a topic. */
export function topologyOf({ brokers, topics }: ClusterMetadata, topic: string): Topology {
  const leaders = (topics.get(topic)?.partitions ?? []).map(({ leader }) => leader)
  return { brokers, leaders }
}

/**
 * What the cluster said of the topic where only some of its partitions have no leader, which the client takes for a
 * failure. Throws every other error again.
 */
export function partialTopology(error: unknown): Topology {
  const answer =
    error instanceof ResponseError ? (error as unknown as { response: Answer }).response : undefined
  const topic = answer?.topics?.[0]
  if (answer === undefined || topic?.errorCode !== 0) throw error
  const leaders: number[] = []
  for (const { partitionIndex, leaderId } of topic.partitions) leaders[partitionIndex] = leaderId
  return { brokers: new Map(answer.brokers.map(broker => [broker.nodeId, broker])), leaders }
}
