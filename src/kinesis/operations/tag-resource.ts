// TagResource: AddTagsToStream by ARN, for streams and their consumers.
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { resourceARN, streamId, tags } from '../shapes.ts'
import { checkTags } from '../tags.ts'

export const tagResource = operation({
  name: 'TagResource',
  input: { tags: required(tags), resourceARN: required(resourceARN), streamId },
  async run(input, { resources }) {
    const resource = resources.find(input.resourceARN)
    const added = Object.fromEntries(input.tags)
    await resource.alterTags((now) => {
      checkTags(added, now, resource.name, resource.account)
      return { ...now, ...added }
    })
    return undefined
  },
})
