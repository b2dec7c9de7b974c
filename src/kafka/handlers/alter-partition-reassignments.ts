// AlterPartitionReassignments (45), versions 0-1. v1: whether the replication factor may change (KIP-860). With one broker a partition can only be where it is: naming
// that is fine, anything else is refused, and there is never a move to take back.
//
// As Apache Kafka 4.4 on a single node, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { alterPartitionReassignments } from '../../../protocol/messages/alter-partition-reassignments.ts'
import type { Engine } from '../../engine/engine.ts'
import { assignmentFault } from '../admin/assignments.ts'
import { handler } from '../context.ts'

export const handleAlterPartitionReassignments = handler(
  alterPartitionReassignments,
  ({ topics, allowReplicationFactorChange }, { engine, respond }) => {
    const responses = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => ({ partitionIndex, ...answerOf(name, partitionIndex, replicas, engine) })),
    }))
    const first = responses.flatMap(({ partitions }) => partitions).find((partition) => partition.errorCode !== 0)
    return respond({ throttleTimeMs: 0, allowReplicationFactorChange, errorCode: errorCode.NONE, errorMessage: null, responses }, first?.errorCode)
  },
)

function answerOf(
  name: string,
  index: number,
  replicas: readonly number[] | null,
  engine: Engine,
): { errorCode: number; errorMessage: string | null } {
  const topic = engine.topics.get(name)
  if (!topic) return { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `Unable to find a topic named ${name}.` }
  if (!topic.partitions[index]) return { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: `Unable to find partition ${name}:${index}.` }
  if (replicas === null) return { errorCode: errorCode.NO_REASSIGNMENT_IN_PROGRESS, errorMessage: null }
  const fault = assignmentFault(replicas, engine.nodeId)
  return fault === null ? { errorCode: errorCode.NONE, errorMessage: null } : { errorCode: errorCode.INVALID_REPLICA_ASSIGNMENT, errorMessage: fault }
}
