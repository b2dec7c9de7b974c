// The consumer embedded protocol: what members of classic consumer groups tell each other through the broker in byte fields. Read where a group changes between the
// classic and the consumer protocol, written for classic members of a consumer group; topics are named there and known by id here.
import { decodeEnvelope, encodeEnvelope } from '../../../protocol/codec.ts'
import { consumerProtocolAssignment } from '../../../protocol/messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from '../../../protocol/messages/consumer-protocol-subscription.ts'
import { DecodeError } from '../../../protocol/reader.ts'
import { type Spread, spreadOf } from './spread.ts'

/** Topics by name and by id. */
export interface TopicNames {
  get(name: string): { readonly id: string } | undefined
  nameOf(topicId: string): string | undefined
}

export interface Subscription {
  /** Sorted, each once. */
  readonly topicNames: readonly string[]
  /** What the member says that it owns; nothing where its version does not say. */
  readonly owned: Spread
  readonly rackId: string | null
}

/**
 * Null where the bytes are not such a thing. There are clients (@platformatic/kafka 1) that claim version 1 and leave out what it adds: their subscription is read
 * as one of version 0, which Kafka refuses.
 */
export function readSubscription(bytes: Buffer, topics: TopicNames): Subscription | null {
  const value =
    orNull(() => decodeEnvelope(consumerProtocolSubscription, bytes)) ?? orNull(() => decodeEnvelope(consumerProtocolSubscription, asOldest(bytes)))
  return value && { topicNames: [...new Set(value.topics)].sort(), owned: spreadByName(value.ownedPartitions, topics), rackId: value.rackId || null }
}

export interface ReadAssignment {
  readonly spread: Spread
  /** The leader told the member more than its partitions. */
  readonly hasUserData: boolean
}

/** Null where the bytes are not such a thing. No bytes are no partitions. */
export function readAssignment(bytes: Buffer, topics: TopicNames): ReadAssignment | null {
  if (bytes.length === 0) return { spread: [], hasUserData: false }
  const value = orNull(() => decodeEnvelope(consumerProtocolAssignment, bytes))
  return value && { spread: spreadByName(value.assignedPartitions, topics), hasUserData: (value.userData?.length ?? 0) > 0 }
}

/** In the version in which the member wrote its subscription, as far as we know that. Topics that are gone are left out. */
export function writeAssignment(spread: Spread, subscription: Buffer, topics: TopicNames): Buffer {
  const [lowest, highest] = consumerProtocolAssignment.versions
  const version = subscription.length < 2 ? lowest : Math.min(Math.max(subscription.readInt16BE(0), lowest), highest)
  const assignedPartitions = spread.flatMap(([topicId, partitions]) => {
    const topic = topics.nameOf(topicId)
    return topic === undefined ? [] : [{ topic, partitions: [...partitions] }]
  })
  return encodeEnvelope(consumerProtocolAssignment, version, { assignedPartitions })
}

const asOldest = (bytes: Buffer): Buffer => (bytes.length < 2 ? bytes : Buffer.concat([Buffer.from([0, 0]), bytes.subarray(2)]))

function spreadByName(named: readonly { topic: string; partitions: readonly number[] }[], topics: TopicNames): Spread {
  return spreadOf(
    named.flatMap(({ topic, partitions }) => {
      const id = topics.get(topic)?.id
      return id === undefined ? [] : [[id, partitions] as const]
    }),
  )
}

function orNull<Value>(read: () => Value): Value | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}
