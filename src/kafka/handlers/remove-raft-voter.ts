// RemoveRaftVoter (81), version 0. KIP-853. The metadata quorum is this broker and stays so: the answer is that of a Kafka whose quorum is static.
//
// Where we differ from Apache Kafka 4.4: the voter's own fields are not looked at before the request is refused.

import { errorCode } from '../../../protocol/error-code.ts'
import { removeRaftVoter } from '../../../protocol/messages/remove-raft-voter.ts'
import { handler } from '../context.ts'

export const handleRemoveRaftVoter = handler(removeRaftVoter, ({ clusterId }, { engine, respond }) => {
  if (clusterId !== null && clusterId !== engine.clusterId) {
    const errorMessage = `The given id "${clusterId}" doesn't match the cluster id "${engine.clusterId}"`
    return respond({ throttleTimeMs: 0, errorCode: errorCode.INCONSISTENT_CLUSTER_ID, errorMessage })
  }
  const errorMessage = `Cluster doesn't support removing voter because the kraft.version feature is 0`
  return respond({ throttleTimeMs: 0, errorCode: errorCode.UNSUPPORTED_VERSION, errorMessage })
})
