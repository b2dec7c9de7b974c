// A member's partitions as the describe answers of consumer and share groups tell them: with the names of their topics.
import type { Topics } from '../engine/topics.ts'

/** Topics that are gone have no name to tell. */
export function namedAssignment(partitionsByTopic: Iterable<readonly [topicId: string, partitions: Iterable<number>]>, topics: Pick<Topics, 'byId'>) {
  const topicPartitions = Array.from(partitionsByTopic).flatMap(([topicId, partitions]) => {
    const topicName = topics.byId(topicId)?.name
    return topicName === undefined ? [] : [{ topicId, topicName, partitions: [...partitions] }]
  })
  return { topicPartitions }
}
