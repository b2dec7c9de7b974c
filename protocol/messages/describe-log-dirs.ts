// DescribeLogDirs (35): what lies in which data directory.
import { arrayOf, bool, defineApi, int16, int32, int64, string, struct } from '../schema.ts'

export const describeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [0, 5],
  flexibleSince: 2,
  request: struct({
    topics: arrayOf(
      struct({
        topic: string(),
        partitions: arrayOf(int32()),
      }),
      { nullableSince: 0 },
    ),
  }),
  response: struct({
    throttleTimeMs: int32(),
    errorCode: int16({ since: 3, ignorable: true }),
    results: arrayOf(
      struct({
        errorCode: int16(),
        logDir: string(),
        topics: arrayOf(
          struct({
            name: string(),
            partitions: arrayOf(
              struct({
                partitionIndex: int32(),
                partitionSize: int64(),
                offsetLag: int64(),
                isFutureKey: bool(),
              }),
            ),
          }),
        ),
        totalBytes: int64({ since: 4, default: -1, ignorable: true }),
        usableBytes: int64({ since: 4, default: -1, ignorable: true }),
        isCordoned: bool({ since: 5, default: false, ignorable: true }),
      }),
    ),
  }),
})
