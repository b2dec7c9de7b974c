// ReceiveDeadLetterQueueRecords: as ReceiveQueueRecords, of what was received MaxReceiveCount times and never acknowledged.
import { checkStreamKey } from '../kms.ts'
import { operation } from '../operation.ts'
import { receiveDeadLetters } from '../queues/receive-dead.ts'
import { receiveRequest } from '../queues/request.ts'
import { receiveInput } from '../shapes.ts'

export const receiveDeadLetterQueueRecords = operation({
  name: 'ReceiveDeadLetterQueueRecords',
  input: { ...receiveInput },
  async run(input, context) {
    const queue = context.queues.serving(input.queueARN)
    checkStreamKey(queue.stream, context.settings)
    return { QueueRecords: await receiveDeadLetters(queue, receiveRequest(input, queue), context) }
  },
})
