// StreamsGroupTopologyDescriptionUpdate (93), version 0 (KIP-1331): a member of a streams group describes its topology for people, as the heartbeat's answer asked it to.
//
// Where we differ from Apache Kafka 4.4: there a plugin, a Java class, keeps descriptions; here the broker does, with group.streams.topology.description.plugin.class=builtin.
// Without the setting both answer UNSUPPORTED_VERSION. A description above a million characters is refused for good, as a plugin would.

import { errorCode } from '../../../protocol/error-code.ts'
import { streamsGroupTopologyDescriptionUpdate } from '../../../protocol/messages/streams-group-topology-description-update.ts'
import { handler } from '../context.ts'
import { noSuchGroup, requireProtocol } from '../group-kinds.ts'

export const handleStreamsGroupTopologyDescriptionUpdate = handler(
  streamsGroupTopologyDescriptionUpdate,
  async ({ groupId, memberId, topologyEpoch, topologyDescription: description }, { groups, shareGroups, streamsGroups, engine, respond }) => {
    requireProtocol(engine, 'streams')
    const { error, message } = await streamsGroups.describeTopology(groupId, { memberId, topologyEpoch, description })
    const errorMessage = error === 'GROUP_ID_NOT_FOUND' ? noSuchGroup({ groups, shareGroups }, groupId, 'streams') : message
    return respond({ throttleTimeMs: 0, errorCode: errorCode[error], errorMessage })
  },
)
