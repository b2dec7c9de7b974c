// What a ConsumerGroupHeartbeat must and must not hold whatever the group's state. Asked before the group is looked at.
import { isBlank } from '../../blank.ts'
import { memberIdBytesMax } from '../../limits.ts'
import type { ConsumerHeartbeatEvent } from './events.ts'
import { compileRegex } from './regex.ts'
import { awayEpoch, leavingEpoch } from './state.ts'
import { type ConsumerWorld, type Fault, fault } from './world.ts'

/** A NUL takes two bytes in a key. */
const storedBytes = (id: string): number => Buffer.byteLength(id) + id.split('\0').length - 1

export function faultOf(event: ConsumerHeartbeatEvent, world: ConsumerWorld): Fault | null {
  const invalid = (message: string): Fault => fault('INVALID_REQUEST', message)
  const { epoch } = event
  if (isBlank(event.instanceId)) return invalid("InstanceId can't be empty.")
  if (isBlank(event.rackId)) return invalid("RackId can't be empty.")
  if (epoch < awayEpoch) return invalid('MemberEpoch is invalid.')
  if (isBlank(event.memberId) && (epoch !== 0 || event.bringsMemberId)) return invalid("MemberId can't be empty.")
  if (storedBytes(event.memberId) > memberIdBytesMax) return invalid(`MemberId has at most ${memberIdBytesMax} bytes.`)
  if (epoch === awayEpoch && event.instanceId === null) return invalid("InstanceId can't be null.")
  if (epoch === leavingEpoch || epoch === awayEpoch) return null
  if (epoch === 0) {
    if (event.rebalanceTimeoutMs === -1) return invalid('RebalanceTimeoutMs must be provided in first request.')
    if (event.owned === null || event.owned.length > 0) return invalid('TopicPartitions must be empty when (re-)joining.')
    if (event.topicNames === null && event.topicRegex === null) {
      return invalid('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.')
    }
  }
  const names = world.assignorNames()
  if (event.assignorName !== null && !names.includes(event.assignorName)) {
    return fault('UNSUPPORTED_ASSIGNOR', `ServerAssignor ${event.assignorName} is not supported. Supported assignors: ${names.join(', ')}.`)
  }
  return null
}

/** Asked only when the expression is another than before. */
export function faultOfRegex(regex: string): Fault | null {
  const { fault: why } = compileRegex(regex)
  return why === null ? null : fault('INVALID_REGULAR_EXPRESSION', `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${why}.`)
}
