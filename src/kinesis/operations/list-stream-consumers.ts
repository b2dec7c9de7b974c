// ListStreamConsumers: by name, page by page (NextToken).
import { invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { openPage, sealPage } from '../page-token.ts'
import { required, timestamp } from '../shape.ts'
import { limitTo10000, nextToken, streamARN, streamId } from '../shapes.ts'

const consumersDefault = 100

export const listStreamConsumers = operation({
  name: 'ListStreamConsumers',
  input: { nextToken, maxResults: limitTo10000, streamCreationTimestamp: timestamp(), streamARN: required(streamARN), streamId },
  run(input, context) {
    const { streams, consumers } = context
    const stream = streams.find({ streamARN: input.streamARN })
    let after = ''
    if (input.nextToken === undefined) streams.checkCreation(stream, input.streamCreationTimestamp)
    else {
      if (input.streamCreationTimestamp !== undefined) throw invalidArgument('NextToken and StreamCreationTimestamp cannot be provided together.')
      const page = openPage<{ topicId: string; after: string }>('ListStreamConsumers', input.nextToken, context)
      if (page.topicId !== stream.topic.id) throw invalidArgument('The specified NextToken is invalid.')
      after = page.after
    }
    const listed = consumers.of(stream).filter(({ name }) => name > after)
    const limit = input.maxResults ?? consumersDefault
    const shown = listed.slice(0, limit)
    return {
      Consumers: shown.map((consumer) => consumers.describe(consumer)),
      NextToken:
        listed.length > limit ? sealPage('ListStreamConsumers', { topicId: stream.topic.id, after: shown.at(-1)!.name }, context) : undefined,
    }
  },
})
