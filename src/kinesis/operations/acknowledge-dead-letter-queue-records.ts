// AcknowledgeDeadLetterQueueRecords: these dead letters are done with.
import { operation } from '../operation.ts'
import { settleAll } from '../queues/settle.ts'
import { required } from '../shape.ts'
import { queueARN, receipts } from '../shapes.ts'

export const acknowledgeDeadLetterQueueRecords = operation({
  name: 'AcknowledgeDeadLetterQueueRecords',
  input: { queueARN: required(queueARN), entries: required(receipts) },
  run({ queueARN: arn, entries }, context) {
    const asked = entries.map(({ receiptHandle }) => ({ receiptHandle, to: 'acknowledge' as const }))
    return settleAll('dead-letter', context.queues.serving(arn), asked, context)
  },
})
