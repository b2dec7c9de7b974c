// The targets of a consumer group: what everyone shall own, computed when members, subscriptions or topics have changed.
import { assignors } from '../assignors/assignor.ts'
import { nothing, sameSpread } from '../spread.ts'
import type { Draft } from './draft.ts'
import { resolve, sameTopics, type TopicView, topicRow } from './topics.ts'

/**
 * Brings the draft's targets up to date. `isChanged` tells that members or subscriptions differ from what is stored; topics are compared with those of the last
 * time. Costs nothing where the epoch stands and `looksAtTopics` is false.
 */
export function retarget(draft: Draft, topics: TopicView, assignorNames: readonly string[], isChanged: boolean, looksAtTopics: boolean): void {
  const isBehind = draft.row.epoch > draft.row.assignmentEpoch
  if (!isChanged && !looksAtTopics && !isBehind) return
  const { topicIds, partitionCounts } = resolve(draft.members(), topics)
  const read = topicRow(partitionCounts)
  if (isChanged || !sameTopics(read, draft.row.topics)) draft.change({ epoch: draft.row.epoch + 1, topics: read })
  if (draft.row.epoch === draft.row.assignmentEpoch) return
  const members = [...draft.members()]
  const assignorName = chooseAssignor(members, assignorNames)
  const targets = assignors.get(assignorName)!(
    members.map(({ id, instanceId, target }) => ({ id, instanceId, topicIds: topicIds.get(id)!, held: target })),
    partitionCounts,
  )
  for (const member of members) {
    const target = targets.get(member.id) ?? nothing
    if (!sameSpread(target, member.target)) draft.put({ ...member, target })
  }
  draft.change({ assignmentEpoch: draft.row.epoch, assignorName })
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
