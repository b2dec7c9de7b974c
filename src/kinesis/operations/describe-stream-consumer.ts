// DescribeStreamConsumer: one registered consumer.
import { operation } from '../operation.ts'
import { consumerReference } from '../shapes.ts'

export const describeStreamConsumer = operation({
  name: 'DescribeStreamConsumer',
  input: { ...consumerReference },
  run(input, { consumers }) {
    const consumer = consumers.find(input)
    return { ConsumerDescription: { ...consumers.describe(consumer), StreamARN: consumer.stream.arn } }
  },
})
