// UpdateQueueRecordsVisibility: holds on to received records for longer, or for less; 0 lets go.
import { operation } from '../operation.ts'
import { settleAll } from '../queues/settle.ts'
import { required } from '../shape.ts'
import { queueARN, receiptsWithTimeout } from '../shapes.ts'

export const updateQueueRecordsVisibility = operation({
  name: 'UpdateQueueRecordsVisibility',
  input: { queueARN: required(queueARN), entries: required(receiptsWithTimeout) },
  run({ queueARN: arn, entries }, context) {
    const asked = entries.map(({ receiptHandle, visibilityTimeoutSeconds }) => ({
      receiptHandle,
      to: { holdMs: visibilityTimeoutSeconds * 1000 },
    }))
    return settleAll('record', context.queues.serving(arn), asked, context)
  },
})
