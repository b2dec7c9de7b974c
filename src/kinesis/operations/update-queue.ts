// UpdateQueue: visibility timeout and dead letters. Records in flight keep the hold that they were received with.
import { operation } from '../operation.ts'
import { givenAttributes } from '../queues/attributes.ts'
import { describeQueue } from '../queues/describe.ts'
import { required } from '../shape.ts'
import { queueARN, queueAttributes } from '../shapes.ts'

export const updateQueue = operation({
  name: 'UpdateQueue',
  input: { queueARN: required(queueARN), queueAttributes: required(queueAttributes) },
  async run(input, { queues, nowMs }) {
    const queue = queues.find(input.queueARN)
    return { QueueDescription: describeQueue(await queues.update(queue, givenAttributes(input.queueAttributes), nowMs)) }
  },
})
