// AddRaftVoter (80), versions 0-1. v1: whether to wait for the commit. KIP-853. The metadata quorum is this broker and stays so: the answer is that of a Kafka whose quorum is static.
//
// Where we differ from Apache Kafka 4.4: the voter's own fields are not looked at before the request is refused.

import { errorCode } from '../../../protocol/error-code.ts'
import { addRaftVoter } from '../../../protocol/messages/add-raft-voter.ts'
import { handler } from '../context.ts'

export const handleAddRaftVoter = handler(addRaftVoter, ({ clusterId }, { engine, respond }) => {
  if (clusterId !== null && clusterId !== engine.clusterId) {
    const errorMessage = `The given id "${clusterId}" doesn't match the cluster id "${engine.clusterId}"`
    return respond({ throttleTimeMs: 0, errorCode: errorCode.INCONSISTENT_CLUSTER_ID, errorMessage })
  }
  const errorMessage = `Cluster doesn't support adding voter because the kraft.version feature is 0`
  return respond({ throttleTimeMs: 0, errorCode: errorCode.UNSUPPORTED_VERSION, errorMessage })
})
