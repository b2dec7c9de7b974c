// Share groups put together with what they need of the rest: topics, configs, long polls, and the groups of other kinds, whose ids they cannot take.
import type { Clock } from '../../clock.ts'
import type { Settings } from '../../config.ts'
import type { Groups } from '../../coordinators/group/groups.ts'
import type { GroupIds } from '../../coordinators/group-ids.ts'
import { createShareGroups, type ShareGroups } from '../../coordinators/share/share-groups.ts'
import type { DeadLetterCounts } from '../../dead-letter-counts.ts'
import type { Engine } from '../../engine/engine.ts'
import { shareGroupConfigs } from './configs.ts'
import { writeDeadLetters } from './dead-letters.ts'

export interface ShareGroupsParts {
  readonly engine: Engine
  readonly groups: Pick<Groups, 'exists'>
  readonly ids: GroupIds
  readonly settings: Settings
  readonly clock: Clock
  readonly deadLetters: DeadLetterCounts
  onError(error: unknown, groupId: string): void
}

export function openShareGroups({ engine, groups, ids, settings, clock, deadLetters, onError }: ShareGroupsParts): Promise<ShareGroups> {
  return createShareGroups({
    ids,
    store: engine.store,
    clock,
    topics: engine.topics,
    configsOf: (groupId) => shareGroupConfigs(engine, settings, groupId),
    isOtherKind: (groupId) => groups.exists(groupId),
    onAvailable(topicId, index) {
      const partition = engine.topics.byId(topicId)?.partitions[index]
      if (partition) engine.waiters.moved(partition)
    },
    writeDeadLetters: (place, run) => writeDeadLetters({ engine, settings, clock, counts: deadLetters, onError }, place, run),
    onError,
  })
}
