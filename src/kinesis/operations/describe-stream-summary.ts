// DescribeStreamSummary: a stream without its shards.
import { describeStream, recordKibOf } from '../describe.ts'
import { operation } from '../operation.ts'
import { streamReference } from '../shapes.ts'

export const describeStreamSummary = operation({
  name: 'DescribeStreamSummary',
  input: { ...streamReference },
  run(input, { streams }) {
    const stream = streams.find(input)
    return {
      StreamDescriptionSummary: {
        ...describeStream(stream),
        OpenShardCount: stream.status === 'CREATING' ? 0 : stream.shards.open.length,
        ConsumerCount: 0,
        MaxRecordSizeInKiB: recordKibOf(stream),
      },
    }
  },
})
