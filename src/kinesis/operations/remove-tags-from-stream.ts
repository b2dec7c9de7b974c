// RemoveTagsFromStream: keys that are not there are no error.
import { operation } from '../operation.ts'
import { listOf, required } from '../shape.ts'
import { streamReference, tagKey } from '../shapes.ts'
import { checkTagKeys, withoutTags } from '../tags.ts'

export const removeTagsFromStream = operation({
  name: 'RemoveTagsFromStream',
  input: { tagKeys: required(listOf(tagKey, { min: 1, max: 50 })), ...streamReference },
  async run(input, { streams }) {
    const stream = streams.find(input)
    checkTagKeys(input.tagKeys, stream.name, streams.account)
    await streams.annotate(stream, ({ tags }) => ({ tags: withoutTags(tags, input.tagKeys) }))
    return undefined
  },
})
