// Parts that messages of several kinds of groups have in common: what a member of a consumer or share group was given, and the pieces of a Kafka Streams topology.
// No API of its own.
import { arrayOf, int8, int16, int32, int64, string, struct, uint16, uuid } from '../schema.ts'

/** ConsumerGroupDescribe, ShareGroupDescribe. */
export const assignment = struct({
  topicPartitions: arrayOf(struct({ topicId: uuid(), topicName: string(), partitions: arrayOf(int32()) })),
})

/** StreamsGroupHeartbeat, StreamsGroupDescribe. */
export const keyValue = struct({ key: string(), value: string() })
export const endpoint = struct({ host: string(), port: uint16() })
export const taskOffset = struct({ subtopologyId: string(), partition: int32(), offset: int64() })
export const taskIds = struct({ subtopologyId: string(), partitions: arrayOf(int32()) })
export const topicInfo = struct({ name: string(), partitions: int32(), replicationFactor: int16(), topicConfigs: arrayOf(keyValue) })

/** The description of a topology from version `since` of its message on: StreamsGroupTopologyDescriptionUpdate, StreamsGroupDescribe. */
export function topologyDescriptionFields(since: number) {
  const node = struct({
    name: string({ since }),
    nodeType: int8({ since }),
    sourceTopics: arrayOf(string(), { since }),
    sinkTopic: string({ since, nullableSince: since, default: null }),
    stores: arrayOf(string(), { since }),
    successors: arrayOf(string(), { since }),
  })
  const subtopology = struct({ subtopologyId: string({ since }), nodes: arrayOf(node, { since }) })
  const globalStore = struct({ source: struct(node.fields, { since }), processor: struct(node.fields, { since }) })
  return { subtopologies: arrayOf(subtopology, { since }), globalStores: arrayOf(globalStore, { since }) }
}
