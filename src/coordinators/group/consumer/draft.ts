// A consumer group as one decision would leave it: the state is only read, changes are kept beside it until they are a record.
import { record } from '../../effect.ts'
import type { GroupEffect } from '../effects.ts'
import { sameSpread } from '../spread.ts'
import type { ConsumerGroupRow } from './rows.ts'
import type { ConsumerGroup, ConsumerMember } from './state.ts'

export class Draft {
  readonly #group: ConsumerGroup
  readonly #changed = new Map<string, ConsumerMember>()
  readonly #gone = new Set<string>()
  #row: ConsumerGroupRow

  constructor(group: ConsumerGroup) {
    this.#group = group
    this.#row = group.row
  }

  get row(): ConsumerGroupRow {
    return this.#row
  }

  change(facts: Partial<ConsumerGroupRow>): void {
    this.#row = { ...this.#row, ...facts }
  }

  member(memberId: string): ConsumerMember | undefined {
    return this.#changed.get(memberId) ?? (this.#gone.has(memberId) ? undefined : this.#group.members.get(memberId))
  }

  *members(): IterableIterator<ConsumerMember> {
    for (const [memberId, member] of this.#group.members) if (!this.#gone.has(memberId)) yield this.#changed.get(memberId) ?? member
    for (const [memberId, member] of this.#changed) if (!this.#group.members.has(memberId)) yield member
  }

  put(member: ConsumerMember): void {
    this.#changed.set(member.id, member)
  }

  remove(memberId: string): void {
    this.#changed.delete(memberId)
    if (this.#group.members.has(memberId)) this.#gone.add(memberId)
  }

  /** Who holds a partition, those that this draft removes aside. */
  readonly holderOf = (topicId: string, partition: number): string | undefined => {
    const holder = this.#group.holders.get(topicId)?.get(partition)
    return holder !== undefined && this.#gone.has(holder) ? undefined : holder
  }

  /** The record of everything that differs; none where nothing does. */
  effects(nowMs: number): GroupEffect[] {
    const members: [string, Omit<ConsumerMember, 'id'>][] = []
    let added = 0
    for (const [memberId, member] of this.#changed) {
      const before = this.#group.members.get(memberId)
      if (!before) added++
      else if (isSame(before, member)) continue
      const { id, ...row } = member
      members.push([id, row])
    }
    if (members.length === 0 && this.#gone.size === 0 && this.#row === this.#group.row) return []
    const memberCount = this.#group.members.size - this.#gone.size + added
    const emptied = (memberCount === 0) !== (this.#group.row.memberCount === 0)
    const row = { ...this.#row, memberCount, sinceMs: emptied ? nowMs : this.#row.sinceMs }
    return [record({ type: 'consumer-changed', row, members, gone: [...this.#gone] })]
  }
}

function isSame(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a === b ||
    (a.epoch === b.epoch &&
      a.previousEpoch === b.previousEpoch &&
      a.phase === b.phase &&
      hasSameParticulars(a, b) &&
      sameSpread(a.assigned, b.assigned) &&
      sameSpread(a.revoking, b.revoking) &&
      sameSpread(a.target, b.target))
  )
}

const hasSameParticulars = (a: ConsumerMember, b: ConsumerMember): boolean =>
  a.instanceId === b.instanceId &&
  a.rackId === b.rackId &&
  a.clientId === b.clientId &&
  a.clientHost === b.clientHost &&
  a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
  a.assignorName === b.assignorName &&
  a.classic === b.classic &&
  isSameSubscription(a, b)

export const isSameSubscription = (
  a: Pick<ConsumerMember, 'topicNames' | 'topicRegex'>,
  b: Pick<ConsumerMember, 'topicNames' | 'topicRegex'>,
): boolean =>
  a.topicRegex === b.topicRegex && a.topicNames.length === b.topicNames.length && a.topicNames.every((name, at) => name === b.topicNames[at])
