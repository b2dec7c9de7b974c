// OffsetDelete (47), version 0 (KIP-496). Offsets of topics that somebody in the group reads stay: GROUP_SUBSCRIBED_TO_TOPIC.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { offsetDelete } from '../../../protocol/messages/offset-delete.ts'
import { handler } from '../context.ts'

export const handleOffsetDelete = handler(offsetDelete, async (request, { engine, groups, respond }) => {
  const known: { topicId: string; topicName: string; partition: number }[] = []
  const sorted = request.topics.map(({ name, partitions }) => {
    const topic = engine.topics.get(name)
    const places = partitions.map(({ partitionIndex }) => {
      if (!topic?.partitions[partitionIndex]) return { partitionIndex, at: -1 }
      known.push({ topicId: topic.id, topicName: name, partition: partitionIndex })
      return { partitionIndex, at: known.length - 1 }
    })
    return { name, places }
  })
  const told = await groups.submit(request.groupId, { verb: 'offset-delete', partitions: known })
  if (told.error !== 'NONE') return respond({ errorCode: errorCode[told.error], throttleTimeMs: 0, topics: [] })
  const topics = sorted.map(({ name, places }) => ({
    name,
    partitions: places.map(({ partitionIndex, at }) => ({
      partitionIndex,
      errorCode: at < 0 ? errorCode.UNKNOWN_TOPIC_OR_PARTITION : errorCode[told.partitions[at]!],
    })),
  }))
  return respond({ errorCode: errorCode.NONE, throttleTimeMs: 0, topics })
})
