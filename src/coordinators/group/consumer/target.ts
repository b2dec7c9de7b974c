// The targets of a consumer group: what everyone shall own, computed when members, subscriptions or topics have changed.
import { assignors } from '../assignors/assignor.ts'
import type { GroupMoment } from '../effects.ts'
import { nothing, sameSpread } from '../spread.ts'
import type { Draft } from './draft.ts'
import type { ConsumerGroup, ConsumerMember } from './state.ts'
import { resolve, sameTopics, topicRow, topicsRead } from './topics.ts'
import { assignmentIntervalMs, type ConsumerWorld } from './world.ts'

/** An assignment takes about a microsecond for each member and partition: so many of them have it computed once in a millisecond at most. */
const partsPerMs = 32

/** What a heartbeat or a join brings. */
export interface Brings {
  /** The member, where it is new or reads something else than before. */
  readonly changed: ConsumerMember | null
  /** It reads something else: what it no longer reads it must let go of, so that this is not put off. */
  readonly isUrgent: boolean
}

export const nothingNew: Brings = { changed: null, isUrgent: false }

/**
 * Brings the draft's epoch and targets up to date. Looks at topics when the broker's have changed since the last time, and at other members only when targets are
 * computed. That can be put off, for a large group or by a setting: whoever heartbeats after the interval has them computed.
 */
export function retarget(
  draft: Draft,
  group: ConsumerGroup,
  groupId: string,
  { changed, isUrgent }: Brings,
  moment: GroupMoment,
  world: ConsumerWorld,
): void {
  const { topics } = world
  if (changed || group.topicsVersion !== topics.version) {
    const read = topicRow(topicsRead(group, changed, topics))
    if (changed || !sameTopics(read, draft.row.topics)) draft.change({ epoch: draft.row.epoch + 1, topics: read })
  }
  if (draft.row.epoch === draft.row.assignmentEpoch) return
  if (!isUrgent && isTooEarly(draft, group, groupId, moment, world)) return
  const { topicIds, partitionCounts } = resolve(draft.members(), topics)
  const read = topicRow(partitionCounts)
  if (!sameTopics(read, draft.row.topics)) draft.change({ topics: read })
  const members = [...draft.members()]
  const assignorName = chooseAssignor(members, world.assignorNames())
  const targets = assignors.get(assignorName)!(
    members.map(({ id, instanceId, target }) => ({ id, instanceId, topicIds: topicIds.get(id)!, held: target })),
    partitionCounts,
  )
  for (const member of members) {
    const target = targets.get(member.id) ?? nothing
    if (!sameSpread(target, member.target)) draft.put({ ...member, target })
  }
  draft.change({ assignmentEpoch: draft.row.epoch, assignorName, assignedAtMs: moment.nowMs })
}

function isTooEarly({ row }: Draft, group: ConsumerGroup, groupId: string, moment: GroupMoment, world: ConsumerWorld): boolean {
  // The first one, and the first after the group was empty.
  if (row.assignedAtMs === 0) return false
  let parts = group.members.size
  for (const [, count] of row.topics) parts += count
  const intervalMs = Math.max(assignmentIntervalMs(world, groupId, moment), Math.floor(parts / partsPerMs))
  const sinceMs = moment.nowMs - row.assignedAtMs
  // A clock that was set back must not put it off for long.
  return sinceMs >= 0 && sinceMs < intervalMs
}

/** The one that most members ask for; of equals, and where nobody asks, the one that stands first in the broker's settings. */
function chooseAssignor(members: readonly { assignorName: string | null }[], names: readonly string[]): string {
  const votes = new Map<string, number>()
  for (const { assignorName } of members) if (assignorName !== null) votes.set(assignorName, (votes.get(assignorName) ?? 0) + 1)
  let best = names[0] ?? 'uniform'
  let bestVotes = 0
  for (const name of names) {
    const got = votes.get(name) ?? 0
    if (got <= bestVotes) continue
    best = name
    bestVotes = got
  }
  return best
}
