// ListQueues: by name, page by page (NextToken), of all streams or of some. A stream that is not there has none.
import { operation } from '../operation.ts'
import { openPage, sealPage } from '../page-token.ts'
import { summarizeQueue } from '../queues/describe.ts'
import { listOf, required, structure, timestamp } from '../shape.ts'
import { limitTo10000, nextToken, streamARN } from '../shapes.ts'

const queuesDefault = 100

export const listQueues = operation({
  name: 'ListQueues',
  input: {
    maxResults: limitTo10000,
    nextToken,
    streamFilter: listOf(structure({ streamARN: required(streamARN), streamCreationTimestamp: timestamp() }), { min: 1, max: 10_000 }),
  },
  run(input, context) {
    const { nextToken: token, streamFilter: filters, maxResults: limit = queuesDefault } = input
    const after = token === undefined ? '' : openPage<string>('ListQueues', token, context)
    const listed = context.queues.all().filter(({ name, stream }) => {
      const isMeant = ({ streamARN: arn, streamCreationTimestamp: createdMs }: NonNullable<typeof filters>[number]): boolean =>
        arn === stream.arn && (createdMs === undefined || seconds(createdMs) === seconds(stream.topic.createdMs))
      return name > after && (filters === undefined || filters.some(isMeant))
    })
    const shown = listed.slice(0, limit)
    return {
      QueueSummaries: shown.map(summarizeQueue),
      NextToken: listed.length > limit ? sealPage('ListQueues', shown.at(-1)!.name, context) : undefined,
    }
  },
})

/** Streams of one name are told apart by when they were made; seconds are what clients have. */
const seconds = (ms: number): number => Math.floor(ms / 1000)
