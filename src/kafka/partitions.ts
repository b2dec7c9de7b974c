// What requests say of partitions: which one is meant, and whether the client's idea of its leader is up to date.

import { errorCode } from '../../protocol/error-code.ts'
import type { Engine } from '../engine/engine.ts'
import type { Partition } from '../engine/partition.ts'

/** The partition, or the code that says what is unknown: the topic's id since it is asked for by id, else its name or the partition. */
export function findPartition(engine: Engine, byId: boolean, topicNameOrId: string, index: number): Partition | number {
  const topic = byId ? engine.topics.byId(topicNameOrId) : engine.topics.get(topicNameOrId)
  if (!topic) return byId ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions[index] ?? errorCode.UNKNOWN_TOPIC_OR_PARTITION
}

const notSaid = -1

/** KIP-320: a client that knows an older or a newer leader than this one must look for metadata again. -1: it did not say. */
export function leaderEpochFault(partition: Partition, currentLeaderEpoch: number): number {
  if (currentLeaderEpoch === notSaid || currentLeaderEpoch === partition.leaderEpoch) return errorCode.NONE
  return currentLeaderEpoch < partition.leaderEpoch ? errorCode.FENCED_LEADER_EPOCH : errorCode.UNKNOWN_LEADER_EPOCH
}
