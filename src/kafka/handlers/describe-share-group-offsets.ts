// DescribeShareGroupOffsets (90), versions 0-1. Where share groups stand: the start offset of each partition, everything before which is settled. v1: the lag (KIP-1226).
// A partition on which the group has settled nothing has offset -1, and so has one that does not exist, or of a group that does not exist. All topics are those that members
// are subscribed to, and where the group stands without them. KIP-932.
//
// Differs from Apache Kafka 4.4: the start offset is past everything that is settled; Kafka moves it with the next acknowledgement after that. The lag is the same.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeShareGroupOffsets } from '../../../protocol/messages/describe-share-group-offsets.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { ResponseInput } from '../../../protocol/schema.ts'
import { settledCount } from '../../coordinators/share/partition-state.ts'
import type { ShareGroups, SharePosition } from '../../coordinators/share/share-groups.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Topic } from '../../engine/topics.ts'
import { handler } from '../context.ts'
import { requireProtocol } from '../group-kinds.ts'

type TopicAnswer = ResponseInput<typeof describeShareGroupOffsets>['groups'][number]['topics'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]
interface Wanted {
  readonly topicName: string
  readonly partitions: readonly number[]
}
/** By topic id and partition. */
type Positions = ReadonlyMap<string, SharePosition>

const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`

export const handleDescribeShareGroupOffsets = handler(
  describeShareGroupOffsets,
  async (request, { shareGroups, engine, respond }) => {
    requireProtocol(engine, 'share')
    const groups = await Promise.all(
      request.groups.map(async ({ groupId, topics }) => {
        const positions = new Map((await shareGroups.positions(groupId)).map((one) => [keyOf(one.topicId, one.partition), one]))
        const wanted = topics ? onceEach(topics) : await everything(groupId, positions, shareGroups, engine)
        const told = wanted.map((topic) => topicOf(topic, positions, engine))
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

/** As Kafka: what stands twice in a request is told once. */
function onceEach(topics: readonly Wanted[]): Wanted[] {
  const wanted = new Map<string, Set<number>>()
  for (const { topicName, partitions } of topics) {
    const indexes = wanted.get(topicName) ?? new Set()
    wanted.set(topicName, indexes)
    for (const index of partitions) indexes.add(index)
  }
  return [...wanted].map(([topicName, partitions]) => ({ topicName, partitions: [...partitions] }))
}

/** The partitions of what members are subscribed to, and others on which the group stands. */
async function everything(groupId: string, positions: Positions, shareGroups: ShareGroups, engine: Engine): Promise<Wanted[]> {
  const { group } = await shareGroups.describe(groupId)
  const found = new Map<Topic, number[]>()
  for (const { topicId, partition } of positions.values()) {
    const topic = engine.topics.byId(topicId)
    const others = topic && found.get(topic)
    if (others) others.push(partition)
    else if (topic) found.set(topic, [partition])
  }
  for (const name of new Set([...(group?.members.values() ?? [])].flatMap(({ topicNames }) => topicNames))) {
    const topic = engine.topics.get(name)
    if (topic)
      found.set(
        topic,
        topic.partitions.map(({ index }) => index),
      )
  }
  return [...found].map(([{ name }, partitions]) => ({ topicName: name, partitions }))
}

async function topicOf({ topicName, partitions: indexes }: Wanted, positions: Positions, engine: Engine): Promise<TopicAnswer> {
  const topic = engine.topics.get(topicName)
  const partitions = indexes.map(async (partitionIndex): Promise<PartitionAnswer> => {
    const partition = topic?.partitions[partitionIndex]
    const none = { partitionIndex, startOffset: -1, leaderEpoch: 0, lag: -1, errorCode: errorCode.NONE, errorMessage: null }
    const position = topic && positions.get(keyOf(topic.id, partitionIndex))
    if (!partition || !position || position.untouched) return none
    const { state } = position
    await engine.open([partition])
    // Below zero where an administrator placed the group behind the end, as Kafka has it.
    const lag = partition.endOffset - state.startOffset - settledCount(state)
    return { ...none, startOffset: state.startOffset, leaderEpoch: partition.leaderEpoch, lag }
  })
  return { topicName, topicId: topic?.id ?? zeroUuid, partitions: await Promise.all(partitions) }
}
