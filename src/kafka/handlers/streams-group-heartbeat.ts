// StreamsGroupHeartbeat (88), versions 0-1 (KIP-1071). v1: the acceptable recovery lag as a long, whether a description of the topology is wanted (KIP-1331), the status
// of members without required client tags.
//
// Where we differ from Apache Kafka 4.4: internal topics are made before the heartbeat is answered, so that a member that joins gets its tasks at once; Kafka answers
// MISSING_INTERNAL_TOPICS first, and so do we where they could not be made. As there, no warm-up tasks
// are given yet, and sources that are regular expressions are refused. A client that is behind is told its tasks again.

import { errorCode } from '../../../protocol/error-code.ts'
import { streamsGroupHeartbeat } from '../../../protocol/messages/streams-group-heartbeat.ts'
import { type TaskKey, taskIdsOf } from '../../coordinators/streams/tasks.ts'
import { handler, Refusal } from '../context.ts'
import { heartbeatAnswer, requireProtocol, senderOf } from '../group-kinds.ts'

/** How often members tell of their progress, and with how little left a copy counts as ready: Kafka's defaults. */
const progress = { taskOffsetIntervalMs: 60_000, acceptableRecoveryLag: 10_000, acceptableRecoveryLagLegacy: 10_000 }
/** For who is no member. */
const noProgress = { taskOffsetIntervalMs: 0, acceptableRecoveryLag: -1, acceptableRecoveryLagLegacy: 0 }

export const handleStreamsGroupHeartbeat = handler(
  streamsGroupHeartbeat,
  async (request, { version, clientId, client, shareGroups, streamsGroups, engine, respond }) => {
    requireProtocol(engine, 'streams')
    const { groupId, memberEpoch: epoch, endpointInformationEpoch: endpointEpoch, ...rest } = request
    if (shareGroups.has(groupId)) throw new Refusal(errorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not a streams group.`)
    const told = await streamsGroups.heartbeat(groupId, { ...rest, ...senderOf(clientId, client), version, epoch, endpointEpoch })
    return respond({
      ...heartbeatAnswer(told),
      ...(told.heartbeatIntervalMs > 0 ? progress : noProgress),
      status: [...told.status],
      activeTasks: told.tasks && wire(told.tasks.active),
      standbyTasks: told.tasks && wire(told.tasks.standby),
      warmupTasks: told.tasks && wire(told.tasks.warmup),
      topologyDescriptionRequired: told.wantsDescription,
      endpointInformationEpoch: told.endpointEpoch,
      partitionsByUserEndpoint:
        told.endpoints?.map(({ userEndpoint, activePartitions, standbyPartitions }) => ({
          userEndpoint: { ...userEndpoint },
          activePartitions: named(activePartitions),
          standbyPartitions: named(standbyPartitions),
        })) ?? null,
    })
  },
)

const wire = (keys: readonly TaskKey[]) => taskIdsOf(keys).map(({ subtopologyId, partitions }) => ({ subtopologyId, partitions: [...partitions] }))

const named = (topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]) =>
  topics.map(({ topic, partitions }) => ({ topic, partitions: [...partitions] }))
