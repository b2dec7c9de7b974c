// AlterShareGroupOffsets (91), version 0. Moves a share group without members: on each partition named it starts anew at the offset given, and what was in flight there is
// forgotten. A group that does not exist comes into being. KIP-932.
//
// Differs from Apache Kafka 4.4: an offset below zero is refused with INVALID_REQUEST, where Kafka takes it.

import { errorCode } from '../../../protocol/error-code.ts'
import { alterShareGroupOffsets } from '../../../protocol/messages/alter-share-group-offsets.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import { handler, Refusal } from '../context.ts'
import { requireProtocol } from '../group-kinds.ts'
import { shareCodeOf } from '../share/acknowledging.ts'
import { checkEmpty } from '../share/empty-group.ts'

const unknown = { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: 'This server does not host this topic-partition.' }

export const handleAlterShareGroupOffsets = handler(alterShareGroupOffsets, async ({ groupId, topics }, { groups, shareGroups, engine, respond }) => {
  requireProtocol(engine, 'share')
  if (topics.some(({ partitions }) => partitions.some(({ startOffset }) => startOffset < 0))) {
    throw new Refusal(errorCode.INVALID_REQUEST, 'A start offset is negative.')
  }
  await checkEmpty({ groups, shareGroups }, groupId, true)
  const responses = await Promise.all(
    topics.map(async ({ topicName, partitions }) => {
      const topic = engine.topics.get(topicName)
      const results = partitions.map(async ({ partitionIndex, startOffset }) => {
        if (!topic?.partitions[partitionIndex]) return { partitionIndex, ...unknown }
        const { error } = await shareGroups.ask(groupId, topic.id, partitionIndex, { verb: 'place', offset: startOffset })
        return { partitionIndex, errorCode: shareCodeOf(error), errorMessage: null }
      })
      return { topicName, topicId: topic?.id ?? zeroUuid, partitions: await Promise.all(results) }
    }),
  )
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, responses })
})
