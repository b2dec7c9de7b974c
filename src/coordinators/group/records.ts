// What changes a group, as data: records that are stored (rows of three tables) and changes that a restart may forget.
// A classic group is stored as Kafka stores it: the last generation that became stable, or that the group is empty. What happens between two generations is
// volatile; after a crash its members find themselves in the stored generation or are told to rejoin. Does not decide anything; state.ts and offsets.ts apply.
import { type Batch, type Table, table } from '../../../storage/tables.ts'
import type { Token } from '../effect.ts'
import {
  type ConsumerAsked,
  type ConsumerChange,
  type ConsumerExpired,
  type ConsumerGroupRow,
  type ConsumerTopicsSeen,
  consumerMemberTable,
} from './consumer/rows.ts'
import type { OffsetRow, Protocol } from './events.ts'

/** A classic group: what a list of groups shows without touching its members. Key: group id. */
export interface GroupRow {
  readonly kind: 'classic'
  readonly generation: number
  /** Null for a group that only keeps offsets. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string | null
  readonly memberCount: number
  /** When the group came into this state. */
  readonly sinceMs: number
}

/** A member of a stable generation. Key: group id, member id. */
export interface MemberRow {
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly Protocol[]
  readonly assignment: Buffer
}

export type AnyGroupRow = GroupRow | ConsumerGroupRow

export const groupTable = table<AnyGroupRow>('groups')
export const memberTable = table<MemberRow>('group-members')
/** Key: group id, topic id, partition. By id: the offsets of a topic that is gone can never be taken for those of a new one of the same name. */
export const offsetTable = table<OffsetRow>('group-offsets')

/** Key: group id, producer id, topic id, partition. Offsets of open transactions. */
export const pendingOffsetTable = table<OffsetRow>('group-pending-offsets')

/** An offset of one producer's transaction that is over; null: forgotten. */
export interface SettledOffset {
  readonly topicId: string
  readonly partition: number
  readonly row: OffsetRow | null
}

export type StoredRecord =
  | ConsumerChange
  /** The leader's assignment is here. `members` are the rows that differ from what is stored, `gone` those that are stored and no longer true. */
  | {
      readonly type: 'generation-stable'
      readonly row: GroupRow
      readonly members: readonly (readonly [string, MemberRow])[]
      readonly gone: readonly string[]
    }
  /** A static member came back under a new id into a stable generation, which goes on with its assignment. */
  | { readonly type: 'static-returned'; readonly row: GroupRow; readonly oldId: string; readonly newId: string; readonly member: MemberRow }
  /** A group with members changes its protocol. `gone` are the stored members of the kind that it was. */
  | {
      readonly type: 'turned-consumer'
      readonly row: ConsumerGroupRow
      readonly members: ConsumerChange['members']
      readonly gone: readonly string[]
    }
  | {
      readonly type: 'turned-classic'
      readonly row: GroupRow
      readonly members: readonly (readonly [string, MemberRow])[]
      readonly gone: readonly string[]
    }
  /** A group came into being to keep offsets. Says nothing of the state: by the time it is durable the group may have members. */
  | { readonly type: 'group-created'; readonly row: GroupRow }
  /** The last member left. */
  | { readonly type: 'group-empty'; readonly row: GroupRow; readonly gone: readonly string[] }
  /** With everything that is stored of it. Offsets go by records of their own, in the same batch. */
  | { readonly type: 'group-removed'; readonly gone: readonly string[] }
  | { readonly type: 'offset-committed'; readonly topicId: string; readonly partition: number; readonly row: OffsetRow }
  | { readonly type: 'offset-removed'; readonly topicId: string; readonly partition: number }
  | { readonly type: 'offset-pending'; readonly producerId: number; readonly topicId: string; readonly partition: number; readonly row: OffsetRow }
  /** The producer's transaction is over: its offsets count now, or are forgotten. */
  | { readonly type: 'transaction-ended'; readonly producerId: number; readonly offsets: readonly SettledOffset[] }

/** How long the first rebalance of a group still waits for more members. */
export interface InitialDelay {
  readonly delayMs: number
  readonly remainingMs: number
}

export type VolatileRecord =
  | { readonly type: 'pending-added'; readonly memberId: string }
  | { readonly type: 'pending-removed'; readonly memberId: string }
  | {
      readonly type: 'member-added'
      readonly memberId: string
      readonly protocolType: string
      readonly member: Omit<MemberRow, 'assignment'>
      readonly waiting: Token
    }
  | {
      readonly type: 'member-updated'
      readonly memberId: string
      readonly sessionTimeoutMs: number
      readonly rebalanceTimeoutMs: number
      readonly protocols: readonly Protocol[]
      readonly waiting: Token
    }
  | { readonly type: 'member-removed'; readonly memberId: string }
  | { readonly type: 'static-replaced'; readonly oldId: string; readonly newId: string }
  | { readonly type: 'rebalance-begun'; readonly initial: InitialDelay | null; readonly sinceMs: number }
  | { readonly type: 'delay-extended'; readonly initial: InitialDelay }
  | {
      readonly type: 'generation-begun'
      readonly generation: number
      readonly protocolName: string
      readonly leader: string
      readonly sinceMs: number
    }
  | { readonly type: 'sync-received'; readonly memberId: string; readonly waiting: Token | null }
  | { readonly type: 'group-forgotten' }
  | ConsumerExpired
  | ConsumerAsked
  | ConsumerTopicsSeen

export type GroupRecord = StoredRecord | VolatileRecord

/** The rows of a group with members, which are of another table than those that are gone where its protocol changes. */
function writeMembers<Row>(
  batch: Batch,
  groupId: string,
  { row, members, gone }: { row: GroupRow | ConsumerGroupRow; members: readonly (readonly [string, Row])[]; gone: readonly string[] },
  goneFrom: Table<unknown>,
  into: Table<Row>,
): void {
  batch.put(groupTable, [groupId], row)
  for (const memberId of gone) batch.delete(goneFrom, [groupId, memberId])
  for (const [memberId, member] of members) batch.put(into, [groupId, memberId], member)
}

/** The rows of a record, into a batch. */
export function writeRecord(batch: Batch, groupId: string, record: StoredRecord): void {
  switch (record.type) {
    case 'consumer-changed':
      writeMembers(batch, groupId, record, consumerMemberTable, consumerMemberTable)
      break
    case 'turned-consumer':
      writeMembers(batch, groupId, record, memberTable, consumerMemberTable)
      break
    case 'turned-classic':
      writeMembers(batch, groupId, record, consumerMemberTable, memberTable)
      break
    case 'generation-stable':
      writeMembers(batch, groupId, record, memberTable, memberTable)
      break
    case 'static-returned':
      batch.put(groupTable, [groupId], record.row)
      batch.delete(memberTable, [groupId, record.oldId])
      batch.put(memberTable, [groupId, record.newId], record.member)
      break
    case 'group-empty':
      batch.put(groupTable, [groupId], record.row)
      for (const memberId of record.gone) batch.delete(memberTable, [groupId, memberId])
      break
    case 'group-created':
      batch.put(groupTable, [groupId], record.row)
      break
    case 'group-removed':
      batch.delete(groupTable, [groupId])
      for (const memberId of record.gone) batch.delete(memberTable, [groupId, memberId])
      break
    case 'offset-committed':
      batch.put(offsetTable, [groupId, record.topicId, record.partition], record.row)
      break
    case 'offset-removed':
      batch.delete(offsetTable, [groupId, record.topicId, record.partition])
      break
    case 'offset-pending':
      batch.put(pendingOffsetTable, [groupId, record.producerId, record.topicId, record.partition], record.row)
      break
    case 'transaction-ended':
      for (const { topicId, partition, row } of record.offsets) {
        batch.delete(pendingOffsetTable, [groupId, record.producerId, topicId, partition])
        if (row) batch.put(offsetTable, [groupId, topicId, partition], row)
      }
  }
}
