// kafkajs consumers that note everything they see, committed or not: one that follows while writers write and the broker dies, and one that reads to the end.
import type { Consumer, Kafka } from 'kafkajs'
import { type History, Sighting } from './history.ts'
import { closePatienceMs, partitions, patiently, topic } from './writers.ts'

/** The last value of each partition, written when no transaction is left: a marker behind it would not be seen. */
export const lastValue = 'the end'

let readers = 0

/** Follows the topic from its start until closed. */
export async function follow(kafka: Kafka, history: History): Promise<{ seen: Sighting; close(): Promise<void> }> {
  const seen = new Sighting(history)
  const consumer = await consume(kafka, seen, () => {})
  // What it saw counts, not how it leaves.
  return { seen, close: () => patiently(consumer.disconnect(), closePatienceMs).catch(() => {}) }
}

/** Reads from the start to the last value of every partition. */
export async function readToEnd(kafka: Kafka, history: History): Promise<Sighting> {
  const seen = new Sighting(history)
  let left = partitions
  let done = (): void => {}
  const ended = new Promise<void>((resolve) => {
    done = resolve
  })
  const consumer = await consume(kafka, seen, () => {
    if (--left === 0) done()
  })
  await ended
  await consumer.disconnect()
  return seen
}

async function consume(kafka: Kafka, seen: Sighting, onLast: () => void): Promise<Consumer> {
  const consumer = kafka.consumer({
    groupId: `reader-${readers++}`,
    readUncommitted: true,
    maxWaitTimeInMs: 100,
    sessionTimeout: 60_000,
    retry: { retries: 1_000, initialRetryTime: 30, maxRetryTime: 200 },
  })
  consumer.on(consumer.events.GROUP_JOIN, () => seen.restarted())
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const value = String(message.value)
      if (value === lastValue) onLast()
      else seen.saw(partition, Number(message.offset), value)
    },
  })
  return consumer
}
