// UntagResource: RemoveTagsFromStream by ARN, for streams and their consumers.
import { operation } from '../operation.ts'
import { listOf, required } from '../shape.ts'
import { resourceARN, streamId, tagKey } from '../shapes.ts'
import { checkTagKeys, withoutTags } from '../tags.ts'

export const untagResource = operation({
  name: 'UntagResource',
  input: { tagKeys: required(listOf(tagKey, { min: 1, max: 50 })), resourceARN: required(resourceARN), streamId },
  async run(input, { resources }) {
    const resource = resources.find(input.resourceARN)
    checkTagKeys(input.tagKeys, resource.name, resource.account)
    await resource.alterTags((now) => withoutTags(now, input.tagKeys))
    return undefined
  },
})
