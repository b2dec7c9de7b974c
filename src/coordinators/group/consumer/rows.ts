// How a consumer group (KIP-848) is stored: a row of the group, in the table that all kinds share, and a row per member with everything that it owns and shall own.
import { table } from '../../../../storage/tables.ts'
import type { Protocol } from '../events.ts'
import type { Spread } from '../spread.ts'

export interface ConsumerGroupRow {
  readonly kind: 'consumer'
  /** Grows whenever members, subscriptions or topics change. */
  readonly epoch: number
  /** The group epoch that the targets were computed for. */
  readonly assignmentEpoch: number
  /** The assignor of those targets; empty before the first. */
  readonly assignorName: string
  /** When those were computed; rows of before that was kept have nothing here. */
  readonly assignedAtMs: number
  /** The topics that somebody reads with their partition counts, by topic id, as of `epoch`: what later topics are compared with. */
  readonly topics: readonly (readonly [topicId: string, partitionCount: number])[]
  readonly memberCount: number
  readonly sinceMs: number
}

/**
 * - `stable`: has all that it may have for its epoch.
 * - `unrevoked`: was told to let go of `revoking` and has not said yet that it has.
 * - `unreleased`: waits for partitions that others have not let go of.
 */
export type MemberPhase = 'stable' | 'unrevoked' | 'unreleased'

/** Partitions that a member was given with an epoch, and has since. */
export type Given = readonly [epoch: number, partitions: Spread]

/** What a member that speaks the classic protocol said when it joined. */
export interface ClassicPart {
  readonly sessionTimeoutMs: number
  /** The first one is the one it is answered with: nobody assigns by it here. */
  readonly protocols: readonly Protocol[]
}

/** A member. Key: group id, member id. */
export interface ConsumerMemberRow {
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  /** Sorted, each once. */
  readonly topicNames: readonly string[]
  /** Null for none. */
  readonly topicRegex: string | null
  readonly assignorName: string | null
  readonly epoch: number
  readonly previousEpoch: number
  readonly phase: MemberPhase
  /** What it may use. */
  readonly assigned: Spread
  /** What it must let go of and may still use. */
  readonly revoking: Spread
  /** Since which epoch it has what it may use, let go of included; rows of before that was kept have nothing here. */
  readonly given: readonly Given[]
  /** What it shall have in the end. */
  readonly target: Spread
  /** Null for a member that speaks the consumer protocol; rows of before there were others have nothing here. */
  readonly classic: ClassicPart | null
}

export const consumerMemberTable = table<ConsumerMemberRow>('consumer-group-members')

/** One change of a consumer group: its row after it, the members that are new or other than before, and those that are gone. */
export interface ConsumerChange {
  readonly type: 'consumer-changed'
  readonly row: ConsumerGroupRow
  readonly members: readonly (readonly [memberId: string, row: ConsumerMemberRow])[]
  readonly gone: readonly string[]
}

/** A member's time is over; it goes with the next record that can be stored. Or it was heard of again before that. */
export interface ConsumerExpired {
  readonly type: 'consumer-expired'
  readonly memberId: string
  readonly isExpired: boolean
}

/** A classic member has been told to join again, or has. */
export interface ConsumerAsked {
  readonly type: 'consumer-asked'
  readonly memberId: string
  readonly isAsked: boolean
}

/** Topics have been looked at again and nothing of this group has changed. */
export interface ConsumerTopicsSeen {
  readonly type: 'consumer-topics-seen'
  readonly topicsVersion: number
}
