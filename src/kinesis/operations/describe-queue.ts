// DescribeQueue: one queue by ARN.
import { operation } from '../operation.ts'
import { describeQueue as describe } from '../queues/describe.ts'
import { required } from '../shape.ts'
import { queueARN } from '../shapes.ts'

export const describeQueue = operation({
  name: 'DescribeQueue',
  input: { queueARN: required(queueARN) },
  run: (input, { queues }) => ({ QueueDescription: describe(queues.find(input.queueARN)) }),
})
