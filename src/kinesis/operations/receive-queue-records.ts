// ReceiveQueueRecords: up to ten records that nobody holds, for as long as the visibility timeout says; waits for them up to 20 s.
import { checkStreamKey } from '../kms.ts'
import { operation } from '../operation.ts'
import { receiveRecords } from '../queues/receive.ts'
import { receiveRequest } from '../queues/request.ts'
import { receiveInput } from '../shapes.ts'

export const receiveQueueRecords = operation({
  name: 'ReceiveQueueRecords',
  input: { ...receiveInput },
  async run(input, context) {
    const queue = context.queues.serving(input.queueARN)
    checkStreamKey(queue.stream, context.settings)
    return { QueueRecords: await receiveRecords(queue, receiveRequest(input, queue), context) }
  },
})
