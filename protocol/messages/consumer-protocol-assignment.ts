// ConsumerProtocolAssignment: what a member of a classic consumer group was assigned; assignment in SyncGroup.
import { arrayOf, bytes, defineEnvelope, int32, string, struct } from '../schema.ts'

export const consumerProtocolAssignment = defineEnvelope({
  name: 'ConsumerProtocolAssignment',
  versions: [0, 3],
  flexibleSince: Number.POSITIVE_INFINITY,
  value: struct({
    assignedPartitions: arrayOf(
      struct({
        topic: string(),
        partitions: arrayOf(int32()),
      }),
    ),
    userData: bytes({ nullableSince: 0, default: null }),
  }),
})
