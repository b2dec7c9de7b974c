// DeleteResourcePolicy: forgets what PutResourcePolicy kept.
import { notFound } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { resourceARN, streamId } from '../shapes.ts'

export const deleteResourcePolicy = operation({
  name: 'DeleteResourcePolicy',
  input: { resourceARN: required(resourceARN), streamId },
  async run(input, { resources }) {
    const resource = resources.find(input.resourceARN)
    if (resource.policy === null) throw notFound(`No resource policy found for resource ARN ${input.resourceARN}`)
    await resource.setPolicy(null)
    return undefined
  },
})
