// AddTagsToStream: adds or replaces tags.
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { streamReference, tags } from '../shapes.ts'
import { checkTags } from '../tags.ts'

export const addTagsToStream = operation({
  name: 'AddTagsToStream',
  input: { tags: required(tags), ...streamReference },
  async run(input, { streams }) {
    const stream = streams.find(input)
    const added = Object.fromEntries(input.tags)
    await streams.annotate(stream, (facts) => {
      checkTags(added, facts.tags, stream.name, streams.account)
      return { tags: { ...facts.tags, ...added } }
    })
    return undefined
  },
})
