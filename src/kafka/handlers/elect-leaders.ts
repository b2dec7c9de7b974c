// ElectLeaders (43), versions 0-2. v1: kind of election (KIP-460), top-level error. v2: flexible. The only broker leads every partition: no election is ever needed.
//
// As Apache Kafka 4.4 on a single node, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { electLeaders } from '../../../protocol/messages/elect-leaders.ts'
import type { Engine } from '../../engine/engine.ts'
import { handler } from '../context.ts'

/** Preferred (0) and unclean (1). */
const electionTypeMax = 1

export const handleElectLeaders = handler(electLeaders, ({ electionType, topicPartitions }, { engine, respond }) => {
  if (electionType < 0 || electionType > electionTypeMax) {
    const [code, message] = [errorCode.INVALID_REQUEST, `Unknown election type ${electionType}`]
    const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode: code, errorMessage: message })),
    }))
    return respond({ throttleTimeMs: 0, errorCode: code, replicaElectionResults })
  }
  // Null asks for every partition that needs one: there is none, and Kafka names the topics all the same.
  const asked = topicPartitions ?? engine.topics.all().map(({ name }) => ({ topic: name, partitions: [] }))
  const replicaElectionResults = asked.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...answerOf(topic, partitionId, engine) })),
  }))
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, replicaElectionResults })
})

function answerOf(name: string, partition: number, engine: Engine): { errorCode: number; errorMessage: string } {
  const topic = engine.topics.get(name)
  if (!topic) return { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `No such topic as ${name}` }
  if (!topic.partitions[partition])
    return { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `No such partition as ${name}-${partition}` }
  return { errorCode: errorCode.ELECTION_NOT_NEEDED, errorMessage: 'Leader election not needed for topic partition.' }
}
