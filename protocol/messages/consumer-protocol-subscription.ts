// ConsumerProtocolSubscription: what a member of a classic consumer group subscribes to; metadata in JoinGroup.
import { arrayOf, bytes, defineEnvelope, int32, string, struct } from '../schema.ts'

export const consumerProtocolSubscription = defineEnvelope({
  name: 'ConsumerProtocolSubscription',
  versions: [0, 3],
  flexibleSince: Number.POSITIVE_INFINITY,
  value: struct({
    topics: arrayOf(string()),
    userData: bytes({ nullableSince: 0, default: null }),
    ownedPartitions: arrayOf(
      struct({
        topic: string({ since: 1 }),
        partitions: arrayOf(int32(), { since: 1 }),
      }),
      { since: 1, ignorable: true },
    ),
    generationId: int32({ since: 2, default: -1, ignorable: true }),
    rackId: string({ since: 3, nullableSince: 3, default: null, ignorable: true }),
  }),
})
