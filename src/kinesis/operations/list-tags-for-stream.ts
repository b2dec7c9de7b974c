// ListTagsForStream: by key, page by page (ExclusiveStartTagKey, HasMoreTags).
import { operation } from '../operation.ts'
import { integer } from '../shape.ts'
import { streamReference, tagKey } from '../shapes.ts'
import { tagList } from '../tags.ts'

const tagsDefault = 50

export const listTagsForStream = operation({
  name: 'ListTagsForStream',
  input: { exclusiveStartTagKey: tagKey, limit: integer({ min: 1, max: 50 }), ...streamReference },
  run(input, { streams }) {
    const { exclusiveStartTagKey: after, limit = tagsDefault } = input
    const tags = tagList(streams.find(input).facts.tags).filter(({ Key }) => after === undefined || Key > after)
    return { Tags: tags.slice(0, limit), HasMoreTags: tags.length > limit }
  },
})
