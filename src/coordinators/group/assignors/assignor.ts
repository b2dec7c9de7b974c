// What a server-side assignor is (KIP-848): members with their topics in, everybody's partitions out. Pure; when to ask one is the group's business.
import type { Spread } from '../spread.ts'
import { assignRange } from './range.ts'
import { assignUniform } from './uniform.ts'

export interface AssignorMember {
  readonly id: string
  readonly instanceId: string | null
  /** Ids of the topics that it reads, each once. Members with equal subscriptions share one array, which is how an assignor knows them as equal. */
  readonly topicIds: readonly string[]
  /** Its present target. */
  readonly held: Spread
}

/**
 * Every partition of every topic that somebody reads to exactly one of its readers. The more of what members hold stays where it is the better.
 * `partitionCounts`: by topic id, for every topic that a member names.
 */
export type Assignor = (members: readonly AssignorMember[], partitionCounts: ReadonlyMap<string, number>) => Map<string, Spread>

/** By the names that clients and `group.consumer.assignors` use. */
export const assignors: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', assignUniform],
  ['range', assignRange],
])
