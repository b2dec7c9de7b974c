// AcknowledgeQueueRecords: the queue delivers these records never again; the stream keeps them.
import { operation } from '../operation.ts'
import { settleAll } from '../queues/settle.ts'
import { required } from '../shape.ts'
import { queueARN, receipts } from '../shapes.ts'

export const acknowledgeQueueRecords = operation({
  name: 'AcknowledgeQueueRecords',
  input: { queueARN: required(queueARN), entries: required(receipts) },
  run({ queueARN: arn, entries }, context) {
    const asked = entries.map(({ receiptHandle }) => ({ receiptHandle, to: 'acknowledge' as const }))
    return settleAll('record', context.queues.serving(arn), asked, context)
  },
})
