// What can be asked of a group and what it answers: one entry a verb. The Kafka door translates between these and the wire; errors are Kafka's names.
import {
  type ConsumerDescribeAnswer,
  type ConsumerDescribeEvent,
  type ConsumerHeartbeatAnswer,
  type ConsumerHeartbeatEvent,
  failedConsumerDescribe,
  failedConsumerHeartbeat,
} from './consumer/events.ts'

/** The errors that groups answer with, by Kafka's names. */
export type GroupError =
  | 'NONE'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'OFFSET_METADATA_TOO_LARGE'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'ILLEGAL_GENERATION'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'INVALID_GROUP_ID'
  | 'UNKNOWN_MEMBER_ID'
  | 'INVALID_SESSION_TIMEOUT'
  | 'REBALANCE_IN_PROGRESS'
  | 'NON_EMPTY_GROUP'
  | 'GROUP_ID_NOT_FOUND'
  | 'MEMBER_ID_REQUIRED'
  | 'GROUP_MAX_SIZE_REACHED'
  | 'FENCED_INSTANCE_ID'
  | 'GROUP_SUBSCRIBED_TO_TOPIC'
  | 'INVALID_REQUEST'
  | 'UNSUPPORTED_VERSION'
  | 'FENCED_MEMBER_EPOCH'
  | 'STALE_MEMBER_EPOCH'
  | 'UNRELEASED_INSTANCE_ID'
  | 'UNSUPPORTED_ASSIGNOR'
  | 'INVALID_REGULAR_EXPRESSION'

/** An assignor that a member offers, with what the member tells its leader about itself. Bytes handed in with an event may be borrowed; what is kept is copied. */
export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinEvent {
  readonly verb: 'join'
  /** Empty where the member has none yet. */
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly Protocol[]
  /** JoinGroup 4 and later: a new dynamic member is told its id first and joins with it. */
  readonly needsMemberId: boolean
  /** JoinGroup 9 and later: a returning static leader can be told to skip its assignment. */
  readonly canSkipAssignment: boolean
  /** A fresh unique text for a new member id; chance is a parameter. */
  readonly freshId: string
}

export interface JoinAnswer {
  readonly error: GroupError
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly memberId: string
  /** Everyone, for the leader; empty for the others. */
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null; readonly metadata: Buffer }[]
}

export interface SyncEvent {
  readonly verb: 'sync'
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** Null before SyncGroup 5. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[]
}

export interface SyncAnswer {
  readonly error: GroupError
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

export interface HeartbeatEvent {
  readonly verb: 'heartbeat'
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

export interface ErrorAnswer {
  readonly error: GroupError
}

export interface LeaveEvent {
  readonly verb: 'leave'
  readonly members: readonly { readonly memberId: string; readonly instanceId: string | null }[]
}

export interface LeaveAnswer {
  readonly error: GroupError
  /** One error per member asked for, in order. */
  readonly members: readonly GroupError[]
}

/** An offset of a topic known by id; null where the door could not find the topic or the partition. */
export interface OffsetToCommit {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

export interface CommitEvent {
  readonly verb: 'commit'
  readonly memberId: string
  readonly instanceId: string | null
  /** -1 from clients that manage their partitions themselves. */
  readonly generation: number
  /** OffsetCommit 9 and later tell an unknown group apart from an old generation. */
  readonly tellsUnknownGroup: boolean
  /** When the offsets lapse, for OffsetCommit 2 to 4 with a retention time; null for the broker's rule. */
  readonly expiresMs: number | null
  /** The commit's time as OffsetCommit 1 may give it; null for now. */
  readonly committedMs: number | null
  /** The producer whose transaction the offsets belong to: they count when it commits. Null for a plain commit. */
  readonly producerId: number | null
  readonly offsets: readonly OffsetToCommit[]
}

export interface CommitAnswer {
  readonly error: GroupError
  /** One error per offset, in order; empty when `error` stands for all. */
  readonly offsets: readonly GroupError[]
}

/** A committed offset as it is stored: offset, leader epoch (-1 unknown), metadata, time of the commit, own expiry (null for the broker's rule). */
export type OffsetRow = readonly [offset: number, leaderEpoch: number, metadata: string, committedMs: number, expiresMs: number | null]

export interface FetchEvent {
  readonly verb: 'fetch'
  /** Who asks, where it says (OffsetFetch 9 and later): a null id with epoch -1 is somebody who manages its partitions itself. */
  readonly member?: { readonly id: string | null; readonly epoch: number }
  /** Null for every offset of the group. */
  readonly wanted: readonly { readonly topicId: string; readonly partitions: readonly number[] }[] | null
}

export interface FetchAnswer {
  readonly error: GroupError
  readonly topics: readonly {
    readonly topicId: string
    /** `unstable`: an open transaction may still change it. */
    readonly partitions: readonly { readonly partition: number; readonly row: OffsetRow | null; readonly unstable: boolean }[]
  }[]
}

export interface DescribeEvent {
  readonly verb: 'describe'
}

export interface DescribeAnswer {
  readonly error: GroupError
  /** More than the error says, for people. */
  readonly message?: string
  readonly state: string
  readonly protocolType: string
  readonly protocolName: string
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly clientId: string
    readonly clientHost: string
    readonly metadata: Buffer
    readonly assignment: Buffer
  }[]
}

export interface DeleteEvent {
  readonly verb: 'delete'
}

export interface OffsetDeleteEvent {
  readonly verb: 'offset-delete'
  readonly partitions: readonly { readonly topicId: string; readonly topicName: string; readonly partition: number }[]
}

export interface OffsetDeleteAnswer {
  readonly error: GroupError
  /** One error per partition, in order. */
  readonly partitions: readonly GroupError[]
}

/** Offsets that came too late for their transaction: forget them. */
export interface DropPendingEvent {
  readonly verb: 'drop-pending'
  readonly producerId: number
}

/** Asked by the broker itself, now and then: drop what has outlived its retention. */
export interface CleanUpEvent {
  readonly verb: 'clean-up'
}

/** A topic is gone: its offsets mean nothing any more. */
export interface TopicGoneEvent {
  readonly verb: 'topic-gone'
  readonly topicId: string
}

/** Every verb with its event and its answer. */
export interface Verbs {
  join: { event: JoinEvent; answer: JoinAnswer }
  sync: { event: SyncEvent; answer: SyncAnswer }
  heartbeat: { event: HeartbeatEvent; answer: ErrorAnswer }
  leave: { event: LeaveEvent; answer: LeaveAnswer }
  commit: { event: CommitEvent; answer: CommitAnswer }
  fetch: { event: FetchEvent; answer: FetchAnswer }
  describe: { event: DescribeEvent; answer: DescribeAnswer }
  delete: { event: DeleteEvent; answer: ErrorAnswer }
  'offset-delete': { event: OffsetDeleteEvent; answer: OffsetDeleteAnswer }
  'drop-pending': { event: DropPendingEvent; answer: ErrorAnswer }
  'consumer-heartbeat': { event: ConsumerHeartbeatEvent; answer: ConsumerHeartbeatAnswer }
  'consumer-describe': { event: ConsumerDescribeEvent; answer: ConsumerDescribeAnswer }
  'clean-up': { event: CleanUpEvent; answer: ErrorAnswer }
  'topic-gone': { event: TopicGoneEvent; answer: ErrorAnswer }
}

export type Verb = keyof Verbs
export type Request = Verbs[Verb]['event']
export type Answer = Verbs[Verb]['answer']

/** What a timer brings: a member's silence, or the end of a phase. */
export interface TimerEvent {
  readonly verb: 'timer'
  readonly timer: string
}

export type GroupEvent = Request | TimerEvent

/** The answer of a verb that carries nothing but an error. */
export const failures: { readonly [V in Verb]: (event: Verbs[V]['event'], error: GroupError) => Verbs[V]['answer'] } = {
  join: (event, error) => failedJoin(error, event.memberId),
  sync: (_, error) => failedSync(error),
  heartbeat: (_, error) => ({ error }),
  leave: (_, error) => ({ error, members: [] }),
  commit: (_, error) => ({ error, offsets: [] }),
  fetch: (_, error) => ({ error, topics: [] }),
  describe: (_, error) => ({ error, state: '', protocolType: '', protocolName: '', members: [] }),
  delete: (_, error) => ({ error }),
  'offset-delete': (_, error) => ({ error, partitions: [] }),
  'drop-pending': (_, error) => ({ error }),
  'consumer-heartbeat': (_, error) => failedConsumerHeartbeat(error),
  'consumer-describe': (_, error) => failedConsumerDescribe(error),
  'clean-up': (_, error) => ({ error }),
  'topic-gone': (_, error) => ({ error }),
}

export const noBytes: Buffer = Buffer.alloc(0)

export const failedJoin = (error: GroupError, memberId: string): JoinAnswer => ({
  error,
  generation: -1,
  protocolType: null,
  protocolName: null,
  leader: '',
  skipAssignment: false,
  memberId,
  members: [],
})

export const failedSync = (error: GroupError): SyncAnswer => ({ error, protocolType: null, protocolName: null, assignment: noBytes })
