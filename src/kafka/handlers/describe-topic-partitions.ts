// DescribeTopicPartitions (75), version 0. KIP-966: partitions of topics, page by page: at most `responsePartitionLimit`, from the cursor on, and the next page's cursor.
// Topics come by name; none named means all.
//
// Where we differ from Apache Kafka 4.4: a cursor that cannot be is refused as there, topic by topic with INVALID_REQUEST; a limit below 1 is taken as 1, as there.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeTopicPartitions } from '../../../protocol/messages/describe-topic-partitions.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { ResponseInput } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Topic, topicNameFault } from '../../engine/topics.ts'
import { allTopicOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'

type Response = ResponseInput<typeof describeTopicPartitions>
type TopicAnswer = Response['topics'][number]

export const handleDescribeTopicPartitions = handler(
  describeTopicPartitions,
  ({ topics, responsePartitionLimit, cursor }, { engine, respond }) => {
    const asked = topics.map(({ name }) => name)
    const fault = cursor !== null && (cursor.partitionIndex < 0 || (asked.length > 0 && !asked.includes(cursor.topicName)))
    if (fault) {
      const code = errorCode.INVALID_REQUEST
      return respond({ throttleTimeMs: 0, topics: asked.map((name) => refused(name, code, notAsked)) }, code)
    }
    const names = [...new Set(asked.length > 0 ? asked : engine.topics.all().map(({ name }) => name))].sort()
    const pagePartitionsMax = engine.settings.get('max.request.partition.size.limit')
    return respond(page(names, Math.min(pagePartitionsMax, Math.max(1, responsePartitionLimit)), cursor, engine))
  },
  { refuse: ({ errorCode: code }, { topics }) => ({ throttleTimeMs: 0, topics: topics.map(({ name }) => refused(name, code, notAsked)) }) },
)

const refused = (name: string, code: number, topicAuthorizedOperations: number): TopicAnswer => ({
  errorCode: code,
  name,
  topicId: zeroUuid,
  partitions: [],
  topicAuthorizedOperations,
})

function page(names: readonly string[], limit: number, cursor: { topicName: string; partitionIndex: number } | null, engine: Engine): Response {
  const answers: TopicAnswer[] = []
  let room = limit
  for (const name of names) {
    if (cursor !== null && name < cursor.topicName) continue
    if (room === 0) return { throttleTimeMs: 0, topics: answers, nextCursor: { topicName: name, partitionIndex: 0 } }
    const topic = engine.topics.get(name)
    if (!topic) {
      const code = topicNameFault(name) === null ? errorCode.UNKNOWN_TOPIC_OR_PARTITION : errorCode.INVALID_TOPIC_EXCEPTION
      answers.push(refused(name, code, allTopicOperations))
      continue
    }
    const first = cursor !== null && name === cursor.topicName ? cursor.partitionIndex : 0
    const end = Math.min(topic.partitions.length, first + room)
    answers.push(told(topic, first, end, engine.nodeId))
    room -= Math.max(0, end - first)
    if (end < topic.partitions.length) return { throttleTimeMs: 0, topics: answers, nextCursor: { topicName: name, partitionIndex: end } }
  }
  return { throttleTimeMs: 0, topics: answers, nextCursor: null }
}

function told(topic: Topic, first: number, end: number, nodeId: number): TopicAnswer {
  return {
    errorCode: errorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.slice(first, end).map(({ index, leaderEpoch }) => ({
      errorCode: errorCode.NONE,
      partitionIndex: index,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: allTopicOperations,
  }
}
