// What can be asked of a streams group and what it answers. The Kafka door translates between these and the wire; errors are Kafka's names.
import type { ErrorName } from '../../../protocol/error-code.ts'
import type { Effect } from '../effect.ts'
import type { Moment } from '../runtime.ts'
import type { Configured, Status } from './configure.ts'
import type { DescriptionEvent } from './description.ts'
import type { Endpoint, StreamsChange, StreamsRecord, TaskOffset } from './rows.ts'
import type { TaskIds, Tasks } from './tasks.ts'
import type { DeclaredTopology, Topology } from './topology.ts'

export type StreamsError = Extract<
  ErrorName,
  | 'NONE'
  | 'INVALID_REQUEST'
  | 'INVALID_GROUP_ID'
  | 'GROUP_ID_NOT_FOUND'
  | 'UNKNOWN_MEMBER_ID'
  | 'FENCED_MEMBER_EPOCH'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'UNRELEASED_INSTANCE_ID'
  | 'FENCED_INSTANCE_ID'
  | 'STREAMS_INVALID_TOPOLOGY'
  | 'STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED'
  | 'UNSUPPORTED_VERSION'
  | 'NON_EMPTY_GROUP'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'COORDINATOR_NOT_AVAILABLE'
>

/** A null list stands for "as before". */
export interface HeartbeatEvent {
  readonly verb: 'heartbeat'
  readonly memberId: string
  /** 0 to join, -1 to leave, -2 to leave for a while. */
  readonly epoch: number
  readonly endpointEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1 for as before. */
  readonly rebalanceTimeoutMs: number
  readonly clientId: string
  readonly clientHost: string
  readonly topology: DeclaredTopology | null
  readonly activeTasks: readonly TaskIds[] | null
  readonly standbyTasks: readonly TaskIds[] | null
  readonly warmupTasks: readonly TaskIds[] | null
  readonly processId: string | null
  readonly userEndpoint: Endpoint | null
  readonly clientTags: readonly { readonly key: string; readonly value: string }[] | null
  readonly taskOffsets: readonly TaskOffset[] | null
  readonly taskEndOffsets: readonly TaskOffset[] | null
  readonly shutdownApplication: boolean
  /** Of the request: what the client understands. */
  readonly version: number
}

export interface EndpointPartitions {
  readonly userEndpoint: Endpoint
  readonly activePartitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
  readonly standbyPartitions: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

export interface HeartbeatAnswer {
  readonly error: StreamsError
  readonly message: string | null
  readonly memberId: string
  readonly epoch: number
  readonly heartbeatIntervalMs: number
  readonly status: readonly Status[]
  /** Null where nothing has changed for the member. */
  readonly tasks: Tasks | null
  readonly endpointEpoch: number
  /** Null where the member knows them. */
  readonly endpoints: readonly EndpointPartitions[] | null
  /** The member is asked for a description of the topology. */
  readonly wantsDescription: boolean
}

/** Members must be gone. */
export interface DeleteEvent {
  readonly verb: 'delete'
}

export interface TimerEvent {
  readonly verb: 'timer'
  readonly timer: string
}

export type StreamsEvent = HeartbeatEvent | DescriptionEvent | DeleteEvent | TimerEvent
export type StreamsEffect = Effect<StreamsRecord, StreamsChange, HeartbeatAnswer>

/** What a streams group may look at beside its state. */
export interface StreamsWorld {
  /** The topology held against the topics of this moment. */
  configured(topology: Topology): Configured
  /** Why internal topics of the group could not be made; null for nothing known. */
  creationProblem(groupId: string): string | null
  setting(groupId: string, name: StreamsSetting): number
  /** Client tags that members must have. */
  rackTags(groupId: string): readonly string[]
  /** What of the configs the assignment depends on, as one text. */
  assignmentConfigs(groupId: string): string
  /** Are there committed offsets, for which an empty group is kept? */
  hasOffsets(groupId: string): boolean
  /** Are descriptions of topologies kept? */
  keepsDescriptions(): boolean
}

export type StreamsSetting =
  | 'session.timeout.ms'
  | 'heartbeat.interval.ms'
  | 'num.standby.replicas'
  | 'initial.rebalance.delay.ms'
  | 'assignment.interval.ms'
  | 'max.size'
  | 'retention.ms'

export interface StreamsMoment extends Moment {
  readonly world: StreamsWorld
}

export const failed = (error: StreamsError, message: string | null = null): HeartbeatAnswer => ({
  error,
  message,
  memberId: '',
  epoch: 0,
  heartbeatIntervalMs: 0,
  status: [],
  tasks: null,
  endpointEpoch: 0,
  endpoints: null,
  wantsDescription: false,
})

export const sessionTimer = (memberId: string): string => `session/${memberId}`
export const revokeTimer = (memberId: string): string => `revoke/${memberId}`
/** The end of the wait for more members before the first assignment. */
export const delayTimer = 'delay'
/** An empty group without offsets is forgotten. */
export const expiryTimer = 'expiry'
