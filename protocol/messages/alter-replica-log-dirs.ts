// AlterReplicaLogDirs (34): moves replicas between directories of one broker.
import { arrayOf, defineApi, int16, int32, string, struct } from '../schema.ts'

export const alterReplicaLogDirs = defineApi({
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    dirs: arrayOf(
      struct({
        path: string(),
        topics: arrayOf(
          struct({
            name: string(),
            partitions: arrayOf(int32()),
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    results: arrayOf(
      struct({
        topicName: string(),
        partitions: arrayOf(
          struct({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        ),
      }),
    ),
  }),
})
