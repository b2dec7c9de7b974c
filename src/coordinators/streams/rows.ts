// How a streams group (KIP-1071) is stored: a row of the group, its topology, and a row per member with the tasks that it has and shall have.
import { table } from '../../../storage/tables.ts'
import type { Asking, TopologyDescription } from './description.ts'
import type { TaskKey, Tasks } from './tasks.ts'
import type { Topology } from './topology.ts'

export interface StreamsGroupRow {
  /** Grows whenever members, the topology or its topics change. */
  readonly epoch: number
  /** The group epoch that the targets were computed for. */
  readonly assignmentEpoch: number
  /** The topics of the topology as of `epoch`; see configure.ts. */
  readonly fingerprint: string
  /** When that was, in milliseconds; 0 where the next may follow at once. */
  readonly assignedAtMs: number
  /** The configs that it depended on as of `epoch`. */
  readonly assignmentConfigs: string
  /** Grows whenever it changes which tasks are behind which endpoint. */
  readonly endpointEpoch: number
  /** The member that asked for the shutdown of the whole application; null for none. */
  readonly shutdownBy: string | null
  /** Until when the first assignment waits for more members; 0 for no wait. */
  readonly delayedUntilMs: number
  /** The topology that a description came for, kept or refused for good; -1 for none. */
  readonly describedEpoch: number
  /** When the group last lost its last member. */
  readonly sinceMs: number
}

/**
 * - `stable`: has all that it may have for its epoch.
 * - `unrevoked`: was told to let go of `revoking` and has not said yet that it has.
 * - `unreleased`: waits for tasks that others have not let go of.
 */
export type MemberPhase = 'stable' | 'unrevoked' | 'unreleased'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A member. Key: group id, member id. */
export interface StreamsMemberRow {
  /** Of a static member; null for others. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly topologyEpoch: number
  /** Threads of one process share its disk: a task is only moved between them once it is closed. */
  readonly processId: string
  readonly userEndpoint: Endpoint | null
  readonly clientTags: readonly { readonly key: string; readonly value: string }[]
  readonly epoch: number
  readonly previousEpoch: number
  readonly phase: MemberPhase
  /** What it may run. */
  readonly assigned: Tasks
  /** What it must let go of and may still run. */
  readonly revoking: Tasks
  /** What it shall have in the end. */
  readonly target: Tasks
  /** The member epoch with which it got each of its active tasks, in the order of `assigned.active`: who commits with an older one is late (KIP-1251). */
  readonly since: readonly (readonly [TaskKey, number])[]
}

export const streamsGroupTable = table<StreamsGroupRow>('streams-groups')
export const streamsTopologyTable = table<Topology>('streams-group-topologies')
export const streamsMemberTable = table<StreamsMemberRow>('streams-group-members')
export const streamsDescriptionTable = table<TopologyDescription>('streams-group-descriptions')

export type StreamsRecord =
  /** The row after the change, the members that are new or other than before, those that are gone, and the topology where it is new. */
  | {
      readonly type: 'streams-changed'
      readonly row: StreamsGroupRow
      readonly members: readonly (readonly [memberId: string, row: StreamsMemberRow])[]
      readonly gone: readonly string[]
      readonly topology: Topology | null
    }
  /** A description came; null where it was refused for good. */
  | { readonly type: 'description-told'; readonly row: StreamsGroupRow; readonly description: TopologyDescription | null }
  | { readonly type: 'streams-removed' }

/** What a restart forgets. */
export type StreamsChange = ProgressChange | { readonly type: 'description-asked'; readonly asking: Asking }

/** What a member told of how far its tasks have come; it is told again. */
export interface ProgressChange {
  readonly type: 'progress-told'
  readonly memberId: string
  readonly taskOffsets: readonly TaskOffset[] | null
  readonly taskEndOffsets: readonly TaskOffset[] | null
}

export interface TaskOffset {
  readonly subtopologyId: string
  readonly partition: number
  readonly offset: number
}
