// RestoreDeadLetterQueueRecords: these dead letters are records like any others again, received no time yet.
import { operation } from '../operation.ts'
import { settleAll } from '../queues/settle.ts'
import { required } from '../shape.ts'
import { queueARN, receipts } from '../shapes.ts'

export const restoreDeadLetterQueueRecords = operation({
  name: 'RestoreDeadLetterQueueRecords',
  input: { queueARN: required(queueARN), entries: required(receipts) },
  run({ queueARN: arn, entries }, context) {
    const asked = entries.map(({ receiptHandle }) => ({ receiptHandle, to: 'restore' as const }))
    return settleAll('dead-letter', context.queues.serving(arn), asked, context)
  },
})
