// DescribeCluster (60): brokers, controller and cluster id. KIP-700.
import { arrayOf, bool, defineApi, int8, int16, int32, string, struct } from '../schema.ts'

export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleSince: 0,
  request: struct({
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullableSince: 0, default: null }),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: arrayOf(
      struct({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullableSince: 0, default: null }),
        isFenced: bool({ since: 2 }),
      }),
    ),
    clusterAuthorizedOperations: int32({ default: -2147483648 }),
  }),
})
