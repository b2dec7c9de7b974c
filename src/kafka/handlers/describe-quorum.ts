// DescribeQuorum (55), versions 0-2. v1: when a replica was last heard of. v2: directories, listeners, messages (KIP-853).
// This broker is the whole metadata quorum: the only voter, leader for ever, with everything that was committed.
//
// Where we differ from Apache Kafka 4.4: there is no metadata log, so its end is the number of commits that the store has made since the start, and the leader's epoch
// is always 1. The quorum has no listener of its own: the one named is the broker's.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeQuorum } from '../../../protocol/messages/describe-quorum.ts'
import { controllerListener } from '../admin/raft-voters.ts'
import { handler } from '../context.ts'

const metadataTopic = '__cluster_metadata'

export const handleDescribeQuorum = handler(describeQuorum, ({ topics }, { engine, clock, advertised, respond }) => {
  const logEndOffset = engine.store.figures().commits
  const nowMs = clock.now()
  const self = {
    replicaId: engine.nodeId,
    replicaDirectoryId: engine.directoryId,
    logEndOffset,
    lastFetchTimestamp: nowMs,
    lastCaughtUpTimestamp: nowMs,
  }
  const known = { errorCode: errorCode.NONE, errorMessage: '', leaderId: engine.nodeId, leaderEpoch: 1, highWatermark: logEndOffset }
  const unknown = {
    errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION,
    errorMessage: 'This server does not host this topic-partition.',
    leaderId: 0,
    leaderEpoch: 0,
    highWatermark: 0,
  }
  // As Kafka: who asks for anything beside it is told of nothing.
  const isAlone = topics.length === 1 && topics[0]?.partitions.length === 1
  const answers = topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => {
      const isQuorum = isAlone && topicName === metadataTopic && partitionIndex === 0
      return { partitionIndex, ...(isQuorum ? known : unknown), currentVoters: isQuorum ? [self] : [], observers: [] }
    }),
  }))
  const asked = answers.some(({ partitions }) => partitions.some((partition) => partition.errorCode === errorCode.NONE))
  const nodes = asked ? [{ nodeId: engine.nodeId, listeners: [{ name: controllerListener, ...advertised() }] }] : []
  return respond({ errorCode: errorCode.NONE, errorMessage: '', topics: answers, nodes })
})
