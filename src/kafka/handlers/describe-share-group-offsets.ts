// DescribeShareGroupOffsets (90), versions 0-1. Where share groups stand: the start offset of each partition, everything before which is settled. v1: the lag (KIP-1226).
// A partition on which the group has not begun has offset -1, and so has one that does not exist, or of a group that does not exist. KIP-932.
//
// Differs from Apache Kafka 4.4: the start offset is told from the group's first look at a partition on, not from the first acknowledgement.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeShareGroupOffsets } from '../../../protocol/messages/describe-share-group-offsets.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { ResponseInput } from '../../../protocol/schema.ts'
import { settledCount } from '../../coordinators/share/partition-state.ts'
import type { SharePosition } from '../../coordinators/share/share-groups.ts'
import type { Engine } from '../../engine/engine.ts'
import { handler } from '../context.ts'
import { requireProtocol } from '../group-kinds.ts'

type TopicAnswer = ResponseInput<typeof describeShareGroupOffsets>['groups'][number]['topics'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

export const handleDescribeShareGroupOffsets = handler(
  describeShareGroupOffsets,
  async (request, { shareGroups, engine, respond }) => {
    requireProtocol(engine, 'share')
    const groups = await Promise.all(
      request.groups.map(async ({ groupId, topics }) => {
        const positions = await shareGroups.positions(groupId)
        const told =
          topics === null
            ? everything(positions, engine)
            : topics.map(({ topicName, partitions }) => topicOf(topicName, partitions, positions, engine))
        return { groupId, topics: await Promise.all(told), errorCode: errorCode.NONE, errorMessage: null }
      }),
    )
    return respond({ throttleTimeMs: 0, groups }, groups.find((group) => group.errorCode !== errorCode.NONE)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], errorCode: code, errorMessage })),
    }),
  },
)

function everything(positions: readonly SharePosition[], engine: Engine): Promise<TopicAnswer>[] {
  const topicIds = [...new Set(positions.map(({ topicId }) => topicId))]
  return topicIds.flatMap((topicId) => {
    const topic = engine.topics.byId(topicId)
    const partitions = positions.filter((one) => one.topicId === topicId).map(({ partition }) => partition)
    return topic ? [topicOf(topic.name, partitions, positions, engine)] : []
  })
}

async function topicOf(topicName: string, indexes: readonly number[], positions: readonly SharePosition[], engine: Engine): Promise<TopicAnswer> {
  const topic = engine.topics.get(topicName)
  const partitions = indexes.map(async (partitionIndex): Promise<PartitionAnswer> => {
    const partition = topic?.partitions[partitionIndex]
    const none = { partitionIndex, startOffset: -1, leaderEpoch: 0, lag: -1, errorCode: errorCode.NONE, errorMessage: null }
    const state = positions.find((one) => one.topicId === topic?.id && one.partition === partitionIndex)?.state
    if (!partition || !state) return none
    await engine.open([partition])
    // Below zero where an administrator placed the group behind the end, as Kafka has it.
    const lag = partition.endOffset - state.startOffset - settledCount(state)
    return { ...none, startOffset: state.startOffset, leaderEpoch: partition.leaderEpoch, lag }
  })
  return { topicName, topicId: topic?.id ?? zeroUuid, partitions: await Promise.all(partitions) }
}
