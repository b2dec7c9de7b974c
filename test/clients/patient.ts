// Kafka clients as tests have them: silent, and patient. Left to themselves they give a connection one second, or five, which a busy machine may not give them.
import type { Consumer, MessagesStream } from '@platformatic/kafka'
import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs'

const patienceMs = 60_000

/** kafkajs's client of a broker. Its patience is for a connection, and for the first answer on it. */
export const kafkaJs = (brokers: readonly string[], more: Partial<KafkaConfig> = {}): Kafka =>
  new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING, connectionTimeout: patienceMs, ...more })

/** Options of every client of @platformatic/kafka. */
export const patient = { connectTimeout: patienceMs, requestTimeout: patienceMs }

/**
 * Ends a consumer of @platformatic/kafka, its stream before it: a stream that is left to itself fetches on for a moment, for topics that its consumer has forgotten
 * by then, and throws where nobody can catch it.
 */
export async function leave<Key, Value, HeaderKey, HeaderValue>(
  consumer: Consumer<Key, Value, HeaderKey, HeaderValue>,
  stream: MessagesStream<Key, Value, HeaderKey, HeaderValue>,
): Promise<void> {
  await stream.close()
  await consumer.close(true)
}
