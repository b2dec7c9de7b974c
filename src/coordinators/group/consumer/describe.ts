// How a consumer group shows itself to administrators: ConsumerGroupDescribe.
import { together } from '../spread.ts'
import type { ConsumerDescribeAnswer } from './events.ts'
import { type ConsumerGroup, phaseOf } from './state.ts'

export function describeConsumer(group: ConsumerGroup, defaultAssignor: string): ConsumerDescribeAnswer {
  return {
    error: 'NONE',
    message: null,
    state: phaseOf(group),
    epoch: group.row.epoch,
    assignmentEpoch: group.row.assignmentEpoch,
    assignorName: group.row.assignorName || defaultAssignor,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      rackId: member.rackId,
      epoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topicNames: member.topicNames,
      topicRegex: member.topicRegex,
      // What it has not let go of is still in its hands.
      assigned: together(member.assigned, member.revoking),
      target: member.target,
      isClassic: member.classic !== null,
    })),
  }
}
