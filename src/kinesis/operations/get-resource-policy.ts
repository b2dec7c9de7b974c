// GetResourcePolicy: what PutResourcePolicy kept.
import { notFound } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { resourceARN, streamId } from '../shapes.ts'

export const getResourcePolicy = operation({
  name: 'GetResourcePolicy',
  input: { resourceARN: required(resourceARN), streamId },
  run(input, { resources }) {
    const { policy } = resources.find(input.resourceARN)
    if (policy === null) throw notFound(`No resource policy found for resource ARN ${input.resourceARN}`)
    return { Policy: policy }
  },
})
