// What is wrong with a heartbeat in itself, whatever the group's state; Kafka's checks in Kafka's order, with its messages.
import { isBlank } from '../blank.ts'
import { memberIdBytesMax } from '../limits.ts'
import type { HeartbeatAnswer, HeartbeatEvent, StreamsError } from './events.ts'
import { failed } from './events.ts'
import { faultOfTopology } from './topology.ts'

export function faultOfHeartbeat(event: HeartbeatEvent): HeartbeatAnswer | null {
  const message = problemOf(event)
  if (message !== null) return failed('INVALID_REQUEST', message)
  const topology = event.topology ? faultOfTopology(event.topology) : null
  return topology === null ? null : failed('STREAMS_INVALID_TOPOLOGY' satisfies StreamsError, topology)
}

function problemOf(event: HeartbeatEvent): string | null {
  const { topology, activeTasks, standbyTasks, warmupTasks } = event
  if (topology?.subtopologies.some(({ sourceTopicRegex }) => sourceTopicRegex.length > 0)) {
    return 'Regular expressions for source topics are not supported yet.'
  }
  if (isBlank(event.memberId)) return "MemberId can't be empty."
  if (Buffer.byteLength(event.memberId) + event.memberId.split('\0').length - 1 > memberIdBytesMax)
    return `MemberId has at most ${memberIdBytesMax} bytes.`
  if (isBlank(event.instanceId)) return "InstanceId can't be empty."
  if (isBlank(event.rackId)) return "RackId can't be empty."
  if (event.epoch === 0) {
    if (event.rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.'
    if ((activeTasks?.length ?? 1) > 0) return 'ActiveTasks must be empty when (re-)joining.'
    if ((standbyTasks?.length ?? 1) > 0) return 'StandbyTasks must be empty when (re-)joining.'
    if ((warmupTasks?.length ?? 1) > 0) return 'WarmupTasks must be empty when (re-)joining.'
    if (!topology) return 'Topology must be non-null when (re-)joining.'
  } else if (event.epoch === -2 && event.instanceId === null) {
    return "InstanceId can't be null."
  } else if (event.epoch < -2) {
    return `MemberEpoch is ${event.epoch}, but must be greater than or equal to -2.`
  }
  const given = [activeTasks, standbyTasks, warmupTasks].filter((tasks) => tasks !== null).length
  if (given !== 0 && given !== 3) return 'If one task-type is non-null, all must be non-null.'
  if (event.epoch !== 0 && topology) return 'Topology can only be provided when (re-)joining.'
  return null
}
