// DeleteQueue: what it knew of its records goes with it; the records stay.
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { queueARN } from '../shapes.ts'

export const deleteQueue = operation({
  name: 'DeleteQueue',
  input: { queueARN: required(queueARN) },
  async run(input, { queues, nowMs }) {
    await queues.delete(queues.find(input.queueARN), nowMs)
    return undefined
  },
})
