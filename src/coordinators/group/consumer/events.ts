// What consumer groups are asked and answer beside the verbs that all kinds of group share; events.ts lists them with the others.
import type { GroupError } from '../events.ts'
import type { Spread } from '../spread.ts'

export interface ConsumerHeartbeatEvent {
  readonly verb: 'consumer-heartbeat'
  /** Empty where the member has none yet (version 0). */
  readonly memberId: string
  /** 0 joins, -1 leaves, -2 says that a static member will be back. */
  readonly epoch: number
  /** Null for "as before", here and below. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** -1 for "as before". */
  readonly rebalanceTimeoutMs: number
  readonly topicNames: readonly string[] | null
  /** Empty for none any more. */
  readonly topicRegex: string | null
  readonly assignorName: string | null
  /** What the member owns. */
  readonly owned: Spread | null
  /** ConsumerGroupHeartbeat 1: the client makes its member id itself (KIP-1082). */
  readonly bringsMemberId: boolean
  /** A fresh unique text for a new member id; chance is a parameter. */
  readonly freshId: string
}

export interface ConsumerHeartbeatAnswer {
  readonly error: GroupError
  readonly message: string | null
  readonly memberId: string | null
  readonly epoch: number
  readonly heartbeatIntervalMs: number
  /** What the member may use; null where it knows. */
  readonly assignment: Spread | null
}

export interface ConsumerDescribeEvent {
  readonly verb: 'consumer-describe'
}

export interface ConsumerDescribeAnswer {
  readonly error: GroupError
  readonly message: string | null
  readonly state: string
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignorName: string
  readonly members: readonly {
    readonly memberId: string
    readonly instanceId: string | null
    readonly rackId: string | null
    readonly epoch: number
    readonly clientId: string
    readonly clientHost: string
    readonly topicNames: readonly string[]
    readonly topicRegex: string | null
    readonly assigned: Spread
    readonly target: Spread
    /** It speaks the classic protocol. */
    readonly isClassic: boolean
  }[]
}

export const failedConsumerHeartbeat = (error: GroupError, message: string | null = null): ConsumerHeartbeatAnswer => ({
  error,
  message,
  memberId: null,
  epoch: 0,
  heartbeatIntervalMs: 0,
  assignment: null,
})

export const failedConsumerDescribe = (error: GroupError, message: string | null = null): ConsumerDescribeAnswer => ({
  error,
  message,
  state: '',
  epoch: 0,
  assignmentEpoch: 0,
  assignorName: '',
  members: [],
})
