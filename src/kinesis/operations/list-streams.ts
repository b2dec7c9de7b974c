// ListStreams: names and summaries, by name; pages by NextToken or by ExclusiveStartStreamName.
import { modeDetails } from '../describe.ts'
import { operation } from '../operation.ts'
import { openPage, sealPage } from '../page-token.ts'
import { limitTo10000, nextToken, streamName } from '../shapes.ts'
import { WireTime } from '../wire-time.ts'

const streamsDefault = 100

export const listStreams = operation({
  name: 'ListStreams',
  input: { limit: limitTo10000, nextToken, exclusiveStartStreamName: streamName },
  run(input, context) {
    const after = input.nextToken === undefined ? (input.exclusiveStartStreamName ?? '') : openPage<string>('ListStreams', input.nextToken, context)
    const streams = context.streams.all().filter(({ name }) => name > after)
    const limit = input.limit ?? streamsDefault
    const page = streams.slice(0, limit)
    const more = streams.length > limit
    return {
      StreamNames: page.map(({ name }) => name),
      HasMoreStreams: more,
      NextToken: more ? sealPage('ListStreams', page.at(-1)!.name, context) : undefined,
      StreamSummaries: page.map((stream) => ({
        StreamName: stream.name,
        StreamARN: stream.arn,
        StreamStatus: stream.status,
        StreamModeDetails: modeDetails(stream),
        StreamCreationTimestamp: new WireTime(stream.topic.createdMs),
      })),
    }
  },
})
