// A change of a streams group while it is being decided: what the row and the members will be. Becomes one record, or none where nothing has changed.
import { arm, cancel, record } from '../effect.ts'
import { delayTimer, expiryTimer, revokeTimer, type StreamsEffect, type StreamsMoment, sessionTimer } from './events.ts'
import type { StreamsGroupRow, StreamsMemberRow } from './rows.ts'
import type { StreamsBody, StreamsMember } from './state.ts'
import { sameTasks } from './tasks.ts'
import type { Topology } from './topology.ts'

export class Draft {
  readonly #body: StreamsBody
  readonly #changed = new Map<string, StreamsMember>()
  readonly #gone = new Set<string>()
  row: StreamsGroupRow
  /** Set where it is new. */
  topology: Topology | null = null
  #movesEndpoints = false

  constructor(body: StreamsBody) {
    this.#body = body
    this.row = body.row
  }

  change(row: Partial<StreamsGroupRow>): void {
    this.row = { ...this.row, ...row }
  }

  put(member: StreamsMember): void {
    const before = this.#body.members.get(member.id)
    if (!before || !sameTasks(before.assigned, member.assigned) || !sameEndpoint(before, member)) this.#touchEndpoint(before, member)
    this.#changed.set(member.id, member)
  }

  remove(member: StreamsMember): void {
    this.#touchEndpoint(member)
    this.#gone.add(member.id)
    if (this.count === 0) this.change({ shutdownBy: null, delayedUntilMs: 0, assignmentEpoch: this.row.epoch, assignedAtMs: 0 })
  }

  get count(): number {
    let count = this.#body.members.size - this.#gone.size
    for (const id of this.#changed.keys()) if (!this.#body.members.has(id)) count++
    return count
  }

  get(memberId: string): StreamsMember | undefined {
    return this.#gone.has(memberId) ? undefined : (this.#changed.get(memberId) ?? this.#body.members.get(memberId))
  }

  *members(): IterableIterator<StreamsMember> {
    for (const [id, member] of this.#body.members) if (!this.#gone.has(id)) yield this.#changed.get(id) ?? member
    for (const [id, member] of this.#changed) if (!this.#body.members.has(id)) yield member
  }

  /** What the change amounts to, with the timers that follow from it. */
  effects({ nowMs, world }: StreamsMoment, groupId: string): StreamsEffect[] {
    if (this.#movesEndpoints) this.change({ endpointEpoch: this.row.endpointEpoch + 1 })
    if (this.row === this.#body.row && this.#changed.size === 0 && this.#gone.size === 0 && !this.topology) return []
    const isEmpty = this.count === 0
    if (isEmpty) this.change({ sinceMs: nowMs })
    const members = Array.from(this.#changed.values(), ({ id, ...row }) => [id, row satisfies StreamsMemberRow] as const)
    const gone = [...this.#gone]
    const effects: StreamsEffect[] = [record({ type: 'streams-changed', row: this.row, members, gone, topology: this.topology })]
    for (const id of gone) effects.push(cancel(sessionTimer(id)), cancel(revokeTimer(id)))
    for (const member of this.#changed.values()) {
      const wasRevoking = this.#body.members.get(member.id)?.phase === 'unrevoked'
      if (member.phase === 'unrevoked' && !wasRevoking) effects.push(arm(revokeTimer(member.id), nowMs + member.rebalanceTimeoutMs))
      if (member.phase !== 'unrevoked' && wasRevoking) effects.push(cancel(revokeTimer(member.id)))
    }
    if (isEmpty) effects.push(cancel(delayTimer), arm(expiryTimer, nowMs + world.setting(groupId, 'retention.ms')))
    else if (this.#body.members.size === 0) effects.push(cancel(expiryTimer))
    return effects
  }

  #touchEndpoint(...members: (StreamsMember | undefined)[]): void {
    if (members.some((member) => member?.userEndpoint)) this.#movesEndpoints = true
  }
}

const sameEndpoint = ({ userEndpoint: a }: StreamsMember, { userEndpoint: b }: StreamsMember): boolean => a?.host === b?.host && a?.port === b?.port
