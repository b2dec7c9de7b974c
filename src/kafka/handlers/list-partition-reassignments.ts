// ListPartitionReassignments (46), version 0. KIP-455. With one broker nothing ever moves: the list is empty.
//
// As Apache Kafka 4.4 on a single node, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { listPartitionReassignments } from '../../../protocol/messages/list-partition-reassignments.ts'
import { handler } from '../context.ts'

export const handleListPartitionReassignments = handler(listPartitionReassignments, (_request, { respond }) =>
  respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, topics: [] }),
)
