// Transactional producers as clients make them, behind one face, and what drives one of them: random transactions, aborts, abandoned instances, zombies.
import { Producer as PlatformaticProducer, ProduceAcks, stringSerializers } from '@platformatic/kafka'
import type { Kafka, Transaction } from 'kafkajs'
import type { Random } from '../../../src/random.ts'
import type { History } from './history.ts'

export const topic = 'jepsen'
export const partitions = 3

/** One instance of a producer with a transactional id. Everything rejects where the broker says no or does not answer. */
export interface Session {
  begin(): Promise<void>
  send(partition: number, value: string): Promise<void>
  /** Moves the offset of the group with the transaction. */
  sendOffset?(groupId: string, offset: number): Promise<void>
  end(commit: boolean): Promise<void>
  close(): Promise<void>
}

export type Connect = (transactionalId: string) => Promise<Session>

/** Longer than any restart, so that only a newer instance ends what is left open. */
const transactionTimeoutMs = 120_000

export const withKafkajs = (kafka: Kafka): Connect =>
  impatient(async (transactionalId) => {
    const retry = { retries: 4, initialRetryTime: 30, maxRetryTime: 200 }
    const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: transactionTimeoutMs, retry })
    await producer.connect()
    // It takes over the transactional id with its first transaction.
    let transaction: Transaction = await producer.transaction().catch(async (error: unknown) => {
      await producer.disconnect().catch(() => {})
      throw error
    })
    let begun = true
    return {
      begin: async () => {
        if (!begun) transaction = await producer.transaction()
        begun = true
      },
      send: async (partition, value) => {
        await transaction.send({ topic, messages: [{ partition, value }] })
      },
      sendOffset: (groupId, offset) =>
        transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions: [{ partition: 0, offset: String(offset) }] }] }),
      end: async (commit) => {
        begun = false
        await (commit ? transaction.commit() : transaction.abort())
      },
      close: () => producer.disconnect(),
    }
  })

export const withPlatformatic = (brokers: string[]): Connect =>
  impatient(async (transactionalId) => {
    const producer = new PlatformaticProducer({
      clientId: transactionalId,
      bootstrapBrokers: brokers,
      serializers: stringSerializers,
      transactionalId,
      idempotent: true,
      acks: ProduceAcks.ALL,
      // Left to itself it claims to have had producer 0, which only the first instance of a transactional id may.
      producerId: -1n,
      producerEpoch: -1,
      // Of requests, and of the transaction as well.
      timeout: 5_000,
      retries: 3,
      retryDelay: 50,
    })
    // As with kafkajs.
    let transaction = await producer.beginTransaction().catch(async (error: unknown) => {
      await producer.close().catch(() => {})
      throw error
    })
    let begun = true
    return {
      begin: async () => {
        if (!begun) transaction = await producer.beginTransaction()
        begun = true
      },
      send: async (partition, value) => {
        await transaction.send({ messages: [{ topic, partition, value }] })
      },
      end: async (commit) => {
        begun = false
        await (commit ? transaction.commit() : transaction.abort())
      },
      close: async () => {
        await producer.close(true)
      },
    }
  })

export interface Drive {
  id: string
  connect: Connect
  history: History
  random: Random
  stopped(): boolean
  /** Told of what went wrong on the way; in a history with crashes that is usual. */
  onTrouble?(error: unknown): void
}

/** Longer than any request that is answered takes: a client library that waits longer than this for a broker that was killed waits for ever. */
const patienceMs = 30_000
export const closePatienceMs = 3_000

/** The session, with an end to everybody's patience. */
function impatient(connect: Connect): Connect {
  return async (transactionalId) => {
    const session = await patiently(connect(transactionalId))
    return {
      begin: () => patiently(session.begin()),
      send: (partition, value) => patiently(session.send(partition, value)),
      sendOffset: (groupId, offset) => patiently(session.sendOffset!(groupId, offset)),
      end: (commit) => patiently(session.end(commit)),
      close: () => patiently(session.close(), closePatienceMs),
    }
  }
}

/** Rejects where it takes longer. */
export async function patiently<T>(waited: Promise<T>, ms = patienceMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the client waits for ever')), ms)
  })
  try {
    return await Promise.race([waited, over])
  } finally {
    clearTimeout(timer)
  }
}

/** Random transactions of one id until told to stop, then one instance more, which ends what is left open. */
export async function drive({ id, connect, history, random, stopped, onTrouble }: Drive): Promise<void> {
  let session: Session | null = null
  for (let n = 0; !stopped(); n++) {
    try {
      session ??= await connect(id)
      session = await transact(id, n, session, { connect, history, random })
    } catch (error) {
      onTrouble?.(error)
      await session?.close().catch(() => {})
      session = null
      await new Promise((later) => setTimeout(later, 20))
    }
  }
  await session?.close().catch(() => {})
  await insistently(async () => (await connect(id)).close())
}

/** One transaction. Answers the instance that goes on: a newer one, where this one was made a zombie. */
async function transact(
  id: string,
  n: number,
  session: Session,
  { connect, history, random }: Pick<Drive, 'connect' | 'history' | 'random'>,
): Promise<Session> {
  const attempt = history.begin()
  await session.begin()
  const count = 1 + random.integer(4)
  for (let i = 0; i < count; i++) {
    const value = `${id}.${n}.${i}`
    attempt.values.push(value)
    await session.send(random.integer(partitions), value)
    attempt.acknowledged.push(value)
    history.operations++
  }
  const roll = random.integer(100)
  if (roll < 8) {
    const newer = await connect(id)
    await session.end(true).then(
      () => history.problems.push(`${id}.${n}: a fenced producer was told that it committed`),
      () => {},
    )
    await session.close().catch(() => {})
    history.operations += 2
    return newer
  }
  const commit = roll < 75
  if (commit) attempt.outcome = 'unknown'
  await session.end(commit)
  if (commit) attempt.outcome = 'committed'
  history.operations++
  return session
}

export async function insistently<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 200; ; left--) {
    try {
      return await ask()
    } catch (error) {
      if (left === 0) throw error
      await new Promise((later) => setTimeout(later, 50))
    }
  }
}
