// Manual assignments of partitions to brokers in CreateTopics and CreatePartitions: with one broker, each partition can only be on that one.

/** What is wrong with the brokers of one partition, in Kafka's words; null for nothing. */
export function assignmentFault(brokerIds: readonly number[], nodeId: number): string | null {
  if (brokerIds.length === 0) return 'The manual partition assignment includes an empty replica list.'
  const twice = brokerIds.find((id, index) => brokerIds.indexOf(id) !== index)
  if (twice !== undefined) return `The manual partition assignment includes the broker ${twice} more than once.`
  const stranger = brokerIds.find((id) => id !== nodeId)
  return stranger === undefined ? null : `The manual partition assignment includes broker ${stranger}, but no such broker is registered.`
}
