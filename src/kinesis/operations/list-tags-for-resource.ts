// ListTagsForResource: all tags of a stream or consumer, by ARN.
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { resourceARN, streamId } from '../shapes.ts'
import { tagList } from '../tags.ts'

export const listTagsForResource = operation({
  name: 'ListTagsForResource',
  input: { resourceARN: required(resourceARN), streamId },
  run: (input, { resources }) => ({ Tags: tagList(resources.find(input.resourceARN).tags) }),
})
