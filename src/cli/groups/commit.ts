// Commits offsets for a group without members, by being its only member for a moment. kafkajs's own setOffsets does the same, but waits five seconds for a fetch.
import type { Kafka } from 'kafkajs'

/** Commits; rejects when the group cannot be joined. */
export async function commitForGroup(kafka: Kafka, groupId: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50, sessionTimeout: 10_000, allowAutoTopicCreation: false })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((done, failed) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error))
      // Joined, and the runner runs: before that commitOffsets does nothing, without a word.
      consumer.on(consumer.events.FETCH_START, () => {
        const all = [...offsets].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }))
        consumer.commitOffsets(all).then(done, failed)
      })
      consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} }).catch(failed)
    })
  } finally {
    await consumer.disconnect().catch(() => {})
  }
}
