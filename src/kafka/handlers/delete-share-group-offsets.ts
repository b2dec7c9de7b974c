// DeleteShareGroupOffsets (92), version 0. A share group without members forgets where it stood on the topics named. KIP-932.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { deleteShareGroupOffsets } from '../../../protocol/messages/delete-share-group-offsets.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import { handler } from '../context.ts'
import { requireProtocol } from '../group-kinds.ts'
import { shareCodeOf } from '../share/acknowledging.ts'
import { checkEmpty } from '../share/empty-group.ts'

export const handleDeleteShareGroupOffsets = handler(
  deleteShareGroupOffsets,
  async ({ groupId, topics }, { groups, shareGroups, engine, respond }) => {
    requireProtocol(engine, 'share')
    await checkEmpty({ groups, shareGroups }, groupId)
    const positions = await shareGroups.positions(groupId)
    const responses = await Promise.all(
      [...new Set(topics.map(({ topicName }) => topicName))].map(async (topicName) => {
        const topic = engine.topics.get(topicName)
        const code = errorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (!topic) return { topicName, topicId: zeroUuid, errorCode: code, errorMessage: 'This server does not host this topic-partition.' }
        const here = positions.filter(({ topicId }) => topicId === topic.id)
        if (here.length === 0) return { topicName, topicId: topic.id, errorCode: code, errorMessage: 'There is no offset information to delete.' }
        const ended = await Promise.all(here.map(({ partition }) => shareGroups.ask(groupId, topic.id, partition, { verb: 'remove' })))
        const failed = ended.find(({ error }) => error !== 'NONE')
        return { topicName, topicId: topic.id, errorCode: failed ? shareCodeOf(failed.error) : errorCode.NONE, errorMessage: null }
      }),
    )
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, errorMessage: null, responses })
  },
)
