// JoinGroup (11), versions 0-9. v1: a rebalance timeout of its own. v2: throttle time. v4: a new member is told its id first (KIP-394). v5: static members (KIP-345).
// v6: flexible. v7: the protocol type comes back (KIP-559). v8: a reason (KIP-800), which nobody here asks for. v9: a static leader may be told to skip its
// assignment (KIP-814).
//
// Where we differ from Apache Kafka 4.4:
// - A member that sends its join again while the first is parked has the first answered with REBALANCE_IN_PROGRESS; Kafka leaves that one open for ever.
// - A pending id that joins with an instance id gets UNKNOWN_MEMBER_ID instead of UNKNOWN_SERVER_ERROR: the member can go on.
// - A group id above 1,000 bytes gets INVALID_GROUP_ID; Kafka has no limit. A member id keeps at most 255 characters of the client's id.
// - In a consumer group (KIP-848, migration): a subscription of version 1 without what that version adds is read as one of version 0; Kafka refuses it. A static member
//   that takes the last consumer-protocol member's place while others are still being reconciled has everyone join again; Kafka lets a partition have two readers.
// - A group is stored when its first generation is stable, not when its first member gets an id. A join that is refused makes no empty group.

import { errorCode } from '../../../protocol/error-code.ts'
import { joinGroup } from '../../../protocol/messages/join-group.ts'
import { handler, Refusal } from '../context.ts'

export const handleJoinGroup = handler(joinGroup, async (request, { version, clientId, client, groups, shareGroups, proceed, respond }) => {
  if (shareGroups.has(request.groupId)) throw new Refusal(errorCode.INCONSISTENT_GROUP_PROTOCOL)
  const answering = groups.submit(request.groupId, {
    verb: 'join',
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    clientId: clientId ?? '',
    clientHost: `/${client.host}`,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs >= 0 ? request.rebalanceTimeoutMs : request.sessionTimeoutMs,
    protocolType: request.protocolType,
    protocols: request.protocols,
    needsMemberId: version >= 4,
    canSkipAssignment: version >= 9,
  })
  // It may be parked until everyone has joined.
  proceed()
  const told = await answering
  return respond({
    throttleTimeMs: 0,
    errorCode: errorCode[told.error],
    generationId: told.generation,
    protocolType: told.protocolType,
    protocolName: told.protocolName ?? (version >= 7 ? null : ''),
    leader: told.leader,
    skipAssignment: told.skipAssignment,
    memberId: told.memberId,
    members: told.members.map(({ memberId, instanceId, metadata }) => ({ memberId, groupInstanceId: instanceId, metadata })),
  })
})
