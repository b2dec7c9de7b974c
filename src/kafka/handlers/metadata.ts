// Metadata (3), versions 0-13. v1: rack, controller, internal topics; null for all topics, where v0 has an empty list. v2: cluster id. v3: throttle time. v4: the client may forbid
// auto-creation. v5: offline replicas. v7: leader epoch. v8: authorized operations (v11: not the cluster's, DescribeCluster has them). v9: flexible. v10: topic ids in the answer.
// v12: topics asked for by id. v13: an error for the whole answer.
//
// A topic that is asked for by name and is not there is created, if the client and auto.create.topics.enable allow it.
//
// Differs from Apache Kafka 4.4: an auto-created topic is in the very answer; Kafka says LEADER_NOT_AVAILABLE or UNKNOWN_TOPIC_OR_PARTITION first and lets the client ask again.
// A topic without name and id is an invalid name; Kafka answers UNKNOWN_SERVER_ERROR. Kafka's internal topics (__consumer_offsets …) do not exist here and are not created by asking for them.

import { errorCode } from '../../../protocol/error-code.ts'
import { metadata } from '../../../protocol/messages/metadata.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { Api, RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { type Topic, topicNameFault } from '../../engine/topics.ts'
import { answerInTurns, type MadeInTurns } from '../answer-in-turns.ts'
import { allClusterOperations, allTopicOperations, notAsked } from '../authorized-operations.ts'
import { type Context, handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'

type Request = RequestOf<typeof metadata>
type Response = ResponseInput<typeof metadata>
type TopicAnswer = Response['topics'][number]
const topicsField = metadata.response.fields.topics
type Answered = MadeInTurns<typeof topicsField.element>

/** Topics by id; before, ids had to be absent (KIP-516). */
const idsSince = 12
const internalTopics = /^__(consumer_offsets|transaction_state|share_group_state|cluster_metadata)$/

export const handleMetadata = handler(
  metadata,
  async (request, context) => {
    const { version, engine, respond } = context
    const all = request.topics === null || (version === 0 && request.topics.length === 0)
    const operations = request.includeTopicAuthorizedOperations ? allTopicOperations : notAsked
    const answer = (topic: Topic): TopicAnswer => answerOf(topic, engine.nodeId, operations)
    const topics = all
      ? await answerInTurns(metadata, topicsField, engine.topics.all(), context, answer)
      : await namedTopics(request, context, operations, answer)
    return respond(
      {
        ...clusterOf(context),
        topics: topics.items,
        clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? allClusterOperations : notAsked,
        errorCode: errorCode.NONE,
      },
      topics.errorCode,
    )
  },
  {
    refuse: ({ errorCode: code }, { topics }) => ({
      throttleTimeMs: 0,
      brokers: [],
      topics: (topics ?? []).map(({ name, topicId }) => unknownTopic(name ?? '', topicId, code, notAsked)),
      errorCode: code,
    }),
  },
)

function clusterOf({ engine, settings, advertised }: Context<Api>): Pick<Response, 'throttleTimeMs' | 'brokers' | 'clusterId' | 'controllerId'> {
  const brokers = [{ nodeId: engine.nodeId, ...advertised(), rack: settings.get('broker.rack') }]
  return { throttleTimeMs: 0, brokers, clusterId: engine.clusterId, controllerId: engine.nodeId }
}

async function namedTopics(request: Request, context: Context<Api>, operations: number, answer: (topic: Topic) => TopicAnswer): Promise<Answered> {
  const { version, engine } = context
  const asked = request.topics ?? []
  for (const { name, topicId } of asked) {
    if (version >= idsSince) continue
    if (name === null) throw new Refusal(errorCode.INVALID_REQUEST, `Topic name can not be null for version ${version}`)
    if (topicId !== zeroUuid) throw new Refusal(errorCode.INVALID_REQUEST, `Topic IDs are not supported in requests for version ${version}`)
  }
  const ids = new Set(asked.map(({ topicId }) => topicId).filter((id) => id !== zeroUuid))
  // As Kafka: where there are ids, names do not count.
  if (ids.size > 0) {
    return answerInTurns(metadata, topicsField, [...ids], context, (id) => {
      const topic = engine.topics.byId(id)
      return topic ? answer(topic) : unknownTopic(null, id, errorCode.UNKNOWN_TOPIC_ID, notAsked)
    })
  }
  const names = [...new Set(asked.map((topic) => topic.name ?? ''))]
  return answerInTurns(metadata, topicsField, names, context, async (name) => {
    const topic = engine.topics.get(name) ?? (await created(name, request, context))
    return typeof topic === 'number' ? unknownTopic(name, zeroUuid, topic, operations) : answer(topic)
  })
}

/** The topic, made now if that is allowed; else the code that says why there is none. */
async function created(name: string, request: Request, { engine, settings, logger }: Context<Api>): Promise<Topic | number> {
  if (topicNameFault(name)) return errorCode.INVALID_TOPIC_EXCEPTION
  if (!request.allowAutoTopicCreation || !settings.get('auto.create.topics.enable') || internalTopics.test(name)) {
    return errorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  try {
    return await engine.topics.create({ name })
  } catch (error) {
    // Two clients asked at the same time.
    const twin = engine.topics.get(name)
    if (twin) return twin
    const refused = refusedBy(error)
    if (!refused) logger.error('auto-creation failed', { error, topic: name })
    return refused?.errorCode ?? errorCode.UNKNOWN_SERVER_ERROR
  }
}

function answerOf(topic: Topic, nodeId: number, topicAuthorizedOperations: number): TopicAnswer {
  const nodes = [nodeId]
  const partitions = topic.partitions.map(({ index, leaderEpoch }) => ({
    errorCode: errorCode.NONE,
    partitionIndex: index,
    leaderId: nodeId,
    leaderEpoch,
    replicaNodes: nodes,
    isrNodes: nodes,
    offlineReplicas: [],
  }))
  return { errorCode: errorCode.NONE, name: topic.name, topicId: topic.id, isInternal: false, partitions, topicAuthorizedOperations }
}

/** As Kafka: what may be done with a name is told whether there is such a topic or not; of an unknown id it is not. */
function unknownTopic(name: string | null, topicId: string, code: number, topicAuthorizedOperations: number): TopicAnswer {
  return { errorCode: code, name, topicId, isInternal: false, partitions: [], topicAuthorizedOperations }
}
