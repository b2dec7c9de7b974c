// StreamsGroupDescribe (89), versions 0-1 (KIP-1071). v1: the description of the topology (KIP-1331) and the assignor's name (KIP-1357).
//
// As Apache Kafka 4.4; descriptions of topologies are kept by the broker itself, see group.streams.topology.description.plugin.class.

import { errorCode } from '../../../protocol/error-code.ts'
import { streamsGroupDescribe } from '../../../protocol/messages/streams-group-describe.ts'
import type { TopologyDescription, TopologyNode } from '../../coordinators/streams/description.ts'
import type { StreamsGroups } from '../../coordinators/streams/streams-groups.ts'
import { type Tasks, taskIdsOf } from '../../coordinators/streams/tasks.ts'
import type { InternalTopic } from '../../coordinators/streams/topology.ts'
import { answerInTurns } from '../answer-in-turns.ts'
import { allGroupOperations, notAsked } from '../authorized-operations.ts'
import { handler } from '../context.ts'
import { noSuchGroup, requireProtocol } from '../group-kinds.ts'

/** topologyDescriptionStatus. */
const notRequested = 0
const notStored = 1
const available = 3

const groupsField = streamsGroupDescribe.response.fields.groups

export const handleStreamsGroupDescribe = handler(
  streamsGroupDescribe,
  async (request, context) => {
    const { groups, shareGroups, streamsGroups, engine, respond } = context
    requireProtocol(engine, 'streams')
    const described = await answerInTurns(streamsGroupDescribe, groupsField, request.groupIds, context, async (groupId) => {
      if (groupId === '') return { errorCode: errorCode.INVALID_GROUP_ID, ...blank, groupId }
      const found = tell(streamsGroups, groupId)
      const authorizedOperations = request.includeAuthorizedOperations ? allGroupOperations : notAsked
      if (found) return { ...found, authorizedOperations, ...(request.includeTopologyDescription ? await topologyOf(streamsGroups, groupId) : {}) }
      const errorMessage = noSuchGroup({ groups, shareGroups }, groupId, 'streams')
      return { errorCode: errorCode.GROUP_ID_NOT_FOUND, ...blank, errorMessage, groupId }
    })
    return respond({ throttleTimeMs: 0, groups: described.items }, described.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, request) => ({
      throttleTimeMs: 0,
      groups: request.groupIds.map((groupId) => ({ errorCode: code, ...blank, errorMessage, groupId })),
    }),
  },
)

const blank = {
  errorMessage: null,
  groupState: '',
  groupEpoch: 0,
  assignmentEpoch: 0,
  topology: null,
  members: [],
  authorizedOperations: notAsked,
  topologyDescription: null,
  topologyDescriptionStatus: notRequested,
  assignorName: null,
}

async function topologyOf(streamsGroups: StreamsGroups, groupId: string) {
  const description = await streamsGroups.description(groupId)
  return description
    ? { topologyDescription: described(description), topologyDescriptionStatus: available }
    : { topologyDescription: null, topologyDescriptionStatus: notStored }
}

function tell(streamsGroups: StreamsGroups, groupId: string) {
  const told = streamsGroups.describe(groupId)
  if (!told) return null
  const subtopologies = told.subtopologies?.map(({ subtopologyId, sourceTopics, repartitionSinkTopics, ...internal }) => ({
    subtopologyId,
    sourceTopics: [...sourceTopics],
    repartitionSinkTopics: [...repartitionSinkTopics],
    stateChangelogTopics: internal.stateChangelogTopics.map(topicInfo),
    repartitionSourceTopics: internal.repartitionSourceTopics.map(topicInfo),
  }))
  return {
    ...blank,
    errorCode: errorCode.NONE,
    groupId,
    groupState: told.state,
    groupEpoch: told.epoch,
    assignmentEpoch: told.assignmentEpoch,
    topology: { epoch: told.topologyEpoch, subtopologies: subtopologies ?? null },
    assignorName: 'sticky',
    members: told.members.map((member) => ({
      memberId: member.id,
      memberEpoch: member.epoch,
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topologyEpoch: member.topologyEpoch,
      processId: member.processId,
      userEndpoint: member.userEndpoint && { ...member.userEndpoint },
      clientTags: [...member.clientTags],
      taskOffsets: [...member.taskOffsets],
      taskEndOffsets: [...member.taskEndOffsets],
      assignment: tasks(member.assigned),
      targetAssignment: tasks(member.target),
      isClassic: false,
    })),
  }
}

const described = ({ subtopologies, globalStores }: TopologyDescription) => ({
  subtopologies: subtopologies.map(({ subtopologyId, nodes }) => ({ subtopologyId, nodes: nodes.map(node) })),
  globalStores: globalStores.map(({ source, processor }) => ({ source: node(source), processor: node(processor) })),
})

const node = ({ sourceTopics, stores, successors, ...rest }: TopologyNode) => ({
  ...rest,
  sourceTopics: [...sourceTopics],
  stores: [...stores],
  successors: [...successors],
})

const topicInfo = ({ topicConfigs, ...topic }: InternalTopic) => ({ ...topic, topicConfigs: [...topicConfigs] })

function tasks({ active, standby, warmup }: Tasks) {
  const ids = (keys: Tasks['active']) => taskIdsOf(keys).map(({ subtopologyId, partitions }) => ({ subtopologyId, partitions: [...partitions] }))
  return { activeTasks: ids(active), standbyTasks: ids(standby), warmupTasks: ids(warmup) }
}
