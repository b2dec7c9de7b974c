// ElectLeaders (43): preferred or unclean leader elections.
import { arrayOf, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const electLeaders = defineApi({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexibleSince: 2,
  request: struct({
    electionType: int8({ since: 1 }),
    topicPartitions: arrayOf(
      struct({
        topic: string(),
        partitions: arrayOf(int32()),
      }),
      { nullableSince: 0 },
    ),
    timeoutMs: int32({ default: 60000 }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16({ since: 1 }),
    replicaElectionResults: arrayOf(
      struct({
        topic: string(),
        partitionResult: arrayOf(
          struct({
            partitionId: int32(),
            errorCode: int16(),
            errorMessage: string({ nullableSince: 0 }),
          }),
        ),
      }),
    ),
  }),
})
