// One member's way from what it owns to its target (KIP-848): first it lets go of what it shall not keep, then it is given what others have let go of. Pure, one step.
import { common, nothing, type Spread, together, without } from '../spread.ts'
import type { Given } from './rows.ts'
import type { ConsumerMember } from './state.ts'

/** Who holds a partition now; undefined for nobody. */
export type HolderOf = (topicId: string, partition: number) => string | undefined

/**
 * The member after one step; the same object where there is none. `owned` is what the member says that it owns, null where it does not say. `assignmentEpoch`
 * is that of the targets.
 */
export function reconcile(member: ConsumerMember, assignmentEpoch: number, owned: Spread | null, holderOf: HolderOf): ConsumerMember {
  switch (member.phase) {
    case 'stable':
      return member.epoch === assignmentEpoch ? member : step(member, assignmentEpoch, owned, holderOf)
    case 'unrevoked':
      // Only the member itself can tell that it has let go.
      if (owned === null || common(owned, member.revoking).length > 0) return member
      return step(member, assignmentEpoch, owned, holderOf)
    case 'unreleased':
      return step(member, assignmentEpoch, owned, holderOf)
  }
}

function step(member: ConsumerMember, assignmentEpoch: number, owned: Spread | null, holderOf: HolderOf): ConsumerMember {
  const kept = common(member.assigned, member.target)
  const revoking = without(member.assigned, member.target)
  if (revoking.length > 0 && (owned === null || common(owned, revoking).length > 0)) {
    // The epoch stays: until it has let go it may commit under the one that it knows.
    return { ...member, phase: 'unrevoked', assigned: kept, revoking }
  }
  const wanted = without(member.target, kept)
  const given = freeOf(wanted, member.id, holderOf)
  const phase = given === wanted ? 'stable' : 'unreleased'
  if (phase === member.phase && member.epoch === assignmentEpoch && given.length === 0 && revoking.length === 0) return member
  const previousEpoch = member.epoch === assignmentEpoch ? member.previousEpoch : member.epoch
  const since = givenAfter(member.given, kept, given, assignmentEpoch)
  return { ...member, phase, epoch: assignmentEpoch, previousEpoch, assigned: together(kept, given), revoking: nothing, given: since }
}

function givenAfter(before: readonly Given[], kept: Spread, given: Spread, epoch: number): readonly Given[] {
  const after = before.map(([since, partitions]) => [since, common(partitions, kept)] as const).filter(([, partitions]) => partitions.length > 0)
  return given.length === 0 ? after : [...after, [epoch, given]]
}

/** What of it nobody else holds; `wanted` itself where that is all. */
function freeOf(wanted: Spread, memberId: string, holderOf: HolderOf): Spread {
  let all = true
  const free: (readonly [string, readonly number[]])[] = []
  for (const [topicId, partitions] of wanted) {
    const left = partitions.filter((partition) => (holderOf(topicId, partition) ?? memberId) === memberId)
    if (left.length < partitions.length) all = false
    if (left.length > 0) free.push([topicId, left])
  }
  return all ? wanted : free
}
