// OffsetFetch (9), versions 0-10. v2: null topics stand for all, and an error at the top. v3: throttle time. v5: leader epochs. v6: flexible. v7: offsets that an open
// transaction may still change can be held back (KIP-447). v8: several groups at once (KIP-709). v9: membership of KIP-848 groups. v10: topics by id.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, reads the same offsets as the others; all offsets of a group leave out topics that are gone; a classic
// member of a consumer group need not tell its generation.

import { errorCode } from '../../../protocol/error-code.ts'
import { offsetFetch } from '../../../protocol/messages/offset-fetch.ts'
import type { OffsetRow } from '../../coordinators/group/events.ts'
import type { Groups } from '../../coordinators/group/groups.ts'
import type { Topics } from '../../engine/topics.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { handler } from '../context.ts'

/** What is wanted of a topic, by name up to v9, by id from v10 on. */
interface Wanted {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

interface FetchedPartition {
  partitionIndex: number
  committedOffset: number
  committedLeaderEpoch: number
  metadata: string
  errorCode: number
}

interface Fetched {
  errorCode: number
  topics: { name: string; topicId: string; partitions: FetchedPartition[] }[]
}

/** The id that no topic has. */
const noId = 'AAAAAAAAAAAAAAAAAAAAAA'

const groupsField = offsetFetch.response.fields.groups

export const handleOffsetFetch = handler(offsetFetch, async (request, context) => {
  const { version, engine, groups, respond } = context
  const { topics } = engine
  if (version >= 8) {
    const fetched = await answerInTurns(
      offsetFetch,
      groupsField,
      request.groups,
      context,
      async ({ groupId, memberId, memberEpoch, topics: wanted }) => ({
        groupId,
        ...(await fetch(groups, topics, groupId, wanted, version, request.requireStable, { id: memberId, epoch: memberEpoch })),
      }),
    )
    return respond({ throttleTimeMs: 0, topics: [], groups: fetched.items }, fetched.errorCode)
  }
  const wanted = request.topics?.map(({ name, partitionIndexes }) => ({ name, topicId: noId, partitionIndexes })) ?? null
  const fetched = await fetch(groups, topics, request.groupId, wanted, version, request.requireStable)
  return respond({ throttleTimeMs: 0, groups: [], ...fetched })
})

async function fetch(
  groups: Groups,
  topics: Topics,
  groupId: string,
  wanted: readonly Wanted[] | null,
  version: number,
  requireStable: boolean,
  member: { id: string | null; epoch: number } = { id: null, epoch: -1 },
): Promise<Fetched> {
  const sought = wanted?.map((asked) => ({ asked, topic: version >= 10 ? topics.byId(asked.topicId) : topics.get(asked.name) })) ?? null
  const told = await groups.submit(groupId, {
    verb: 'fetch',
    member,
    wanted: sought?.map(({ asked, topic }) => ({ topicId: topic?.id ?? '', partitions: asked.partitionIndexes })) ?? null,
  })
  const code = errorCode[told.error]
  if (!sought) {
    const all = told.topics.flatMap(({ topicId, partitions }) => {
      const name = topics.byId(topicId)?.name
      return name === undefined
        ? []
        : [
            {
              name,
              topicId,
              partitions: partitions.map(({ partition, row, unstable }) =>
                requireStable && unstable
                  ? fetchedPartition(partition, null, errorCode.UNSTABLE_OFFSET_COMMIT)
                  : fetchedPartition(partition, row, errorCode.NONE),
              ),
            },
          ]
    })
    return { errorCode: code, topics: all }
  }
  // Before v2 there is no place for the group's error but at each partition; from v8 on a failed group lists nothing.
  if (code !== errorCode.NONE && version >= 2) return { errorCode: code, topics: [] }
  const found = sought.map(({ asked, topic }, at) => {
    const partitionCode = code !== errorCode.NONE ? code : !topic && version >= 10 ? errorCode.UNKNOWN_TOPIC_ID : errorCode.NONE
    const partitions = asked.partitionIndexes.map((partition, index) => {
      const found = told.topics[at]?.partitions[index]
      // An open transaction still holds this offset: the client asks again (KIP-447).
      if (requireStable && found?.unstable) return fetchedPartition(partition, null, errorCode.UNSTABLE_OFFSET_COMMIT)
      return fetchedPartition(partition, found?.row ?? null, partitionCode)
    })
    return { name: asked.name, topicId: asked.topicId, partitions }
  })
  return { errorCode: code, topics: found }
}

function fetchedPartition(partitionIndex: number, row: OffsetRow | null, code: number): FetchedPartition {
  if (!row) return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode: code }
  const [committedOffset, committedLeaderEpoch, metadata] = row
  return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode: code }
}
