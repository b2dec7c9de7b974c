// ConsumerGroupHeartbeat (68), versions 0-1 (KIP-848). v1: subscriptions by regular expression, and the client makes its member id itself (KIP-1082).
//
// Where we differ from Apache Kafka 4.4:
// - A regular expression acts with the heartbeat that brings it, and on a new topic with the next one; Kafka resolves it in the background.
// - `group.consumer.assignment.interval.ms` is 0 unless it is set; a large group's assignments have a least time between them that grows with the group.
// - A group id above 1,000 bytes gets INVALID_GROUP_ID; Kafka has no limit.

import { errorCode } from '../../../protocol/error-code.ts'
import { consumerGroupHeartbeat } from '../../../protocol/messages/consumer-group-heartbeat.ts'
import { isBlank } from '../../coordinators/blank.ts'
import { spreadOf } from '../../coordinators/group/spread.ts'
import { handler, Refusal } from '../context.ts'
import { heartbeatAnswer, requireProtocol, senderOf } from '../group-kinds.ts'

export const handleConsumerGroupHeartbeat = handler(
  consumerGroupHeartbeat,
  async (request, { version, clientId, client, groups, shareGroups, engine, respond }) => {
    requireProtocol(engine, 'consumer')
    if (isBlank(request.groupId)) throw new Refusal(errorCode.INVALID_REQUEST, "GroupId can't be empty.")
    if (shareGroups.has(request.groupId)) throw new Refusal(errorCode.GROUP_ID_NOT_FOUND, `Group ${request.groupId} is not a consumer group.`)
    const { topicPartitions } = request
    const told = await groups.submit(request.groupId, {
      verb: 'consumer-heartbeat',
      memberId: request.memberId,
      epoch: request.memberEpoch,
      instanceId: request.instanceId,
      rackId: request.rackId,
      ...senderOf(clientId, client),
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topicNames: request.subscribedTopicNames,
      topicRegex: request.subscribedTopicRegex,
      assignorName: request.serverAssignor,
      owned: topicPartitions && spreadOf(topicPartitions.map(({ topicId, partitions }) => [topicId, partitions] as const)),
      bringsMemberId: version >= 1,
    })
    return respond({
      ...heartbeatAnswer(told),
      assignment: told.assignment && { topicPartitions: told.assignment.map(([topicId, partitions]) => ({ topicId, partitions: [...partitions] })) },
    })
  },
)
