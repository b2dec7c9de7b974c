// A streams group as StreamsGroupDescribe tells of it.
import type { Configured } from './configure.ts'
import type { TaskOffset } from './rows.ts'
import { phaseOf, type StreamsBody, type StreamsMember } from './state.ts'
import type { InternalTopic, Topology } from './topology.ts'

export interface DescribedStreams {
  /** Kafka's name of it. */
  readonly state: string
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly topologyEpoch: number
  /** With internal topics' partition counts filled in; null while topics are missing or do not fit. */
  readonly subtopologies: Topology['subtopologies'] | null
  readonly members: readonly (StreamsMember & { readonly taskOffsets: readonly TaskOffset[]; readonly taskEndOffsets: readonly TaskOffset[] })[]
}

export function describeStreams(body: StreamsBody, configured: Configured | null): DescribedStreams {
  const { row, topology, members, progress } = body
  const counted = (topic: InternalTopic): InternalTopic => ({ ...topic, partitions: configured?.counts.get(topic.name) ?? topic.partitions })
  const isKnown = topology !== null && configured !== null && configured.subtopologies.length === topology.subtopologies.length
  return {
    state: phaseOf(body, configured?.fault === null),
    epoch: row.epoch,
    assignmentEpoch: row.assignmentEpoch,
    topologyEpoch: topology?.epoch ?? 0,
    subtopologies: isKnown
      ? topology.subtopologies.map((subtopology) => ({
          ...subtopology,
          stateChangelogTopics: subtopology.stateChangelogTopics.map(counted),
          repartitionSourceTopics: subtopology.repartitionSourceTopics.map(counted),
        }))
      : null,
    members: Array.from(members.values(), (member) => ({ ...member, ...(progress.get(member.id) ?? { taskOffsets: [], taskEndOffsets: [] }) })),
  }
}
