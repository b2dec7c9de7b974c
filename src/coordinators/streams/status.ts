// What a heartbeat's answer says of the group beside the tasks: Kafka Streams stops, waits or warns by it.
import { type Configured, type Status, statusCode } from './configure.ts'
import type { HeartbeatEvent, StreamsWorld } from './events.ts'
import type { StreamsGroupRow } from './rows.ts'
import type { StreamsMember } from './state.ts'
import type { Topology } from './topology.ts'

/** What the answer to a heartbeat is about. */
export interface Situation {
  readonly groupId: string
  readonly event: HeartbeatEvent
  readonly row: StreamsGroupRow
  readonly topology: Topology
  readonly configured: Configured
  readonly member: StreamsMember
}

export function statusOf({ groupId, event, row, topology, configured: { fault }, member }: Situation, world: StreamsWorld): Status[] {
  const status: Status[] = []
  const add = (code: keyof typeof statusCode, statusDetail: string): unknown => status.push({ statusCode: statusCode[code], statusDetail })
  if (member.topologyEpoch < topology.epoch) {
    add('STALE_TOPOLOGY', `The member's topology epoch ${member.topologyEpoch} is behind the group's topology epoch ${topology.epoch}.`)
  }
  if (row.delayedUntilMs > 0) add('ASSIGNMENT_DELAYED', 'Assignment delayed due to the configured initial rebalance delay.')
  else if (row.epoch > row.assignmentEpoch) add('ASSIGNMENT_DELAYED', 'Assignment delayed due to the configured assignment interval.')
  if (fault) {
    const problem = fault.statusCode === statusCode.MISSING_INTERNAL_TOPICS ? world.creationProblem(groupId) : null
    status.push(problem === null ? fault : { ...fault, statusDetail: `${fault.statusDetail}; ${problem}` })
  }
  if (row.shutdownBy !== null) {
    add(
      'SHUTDOWN_APPLICATION',
      `Streams group member ${row.shutdownBy} encountered a fatal error and requested a shutdown for the entire application.`,
    )
  }
  // A client of version 0 does not know this code.
  if (event.version >= 1) {
    const tags = new Set(member.clientTags.map(({ key }) => key))
    const missing = world.rackTags(groupId).filter((tag) => !tags.has(tag))
    const advice = "Configure them via 'client.tag.<tagKey>' in your Streams config."
    if (missing.length > 0) {
      add('MISSING_CLIENT_TAGS', `Missing required client tags for rack-aware standby assignment: [${missing.join(', ')}]. ${advice}`)
    }
  }
  return status
}
