// DescribeStreamSummary: a stream without its shards.
import { describeStream, recordKibOf, warmThroughput } from '../describe.ts'
import { operation } from '../operation.ts'
import { streamReference } from '../shapes.ts'

export const describeStreamSummary = operation({
  name: 'DescribeStreamSummary',
  input: { ...streamReference },
  run(input, { streams, consumers, queues }) {
    const stream = streams.find(input)
    return {
      StreamDescriptionSummary: {
        ...describeStream(stream),
        OpenShardCount: stream.status === 'CREATING' ? 0 : stream.shards.open.length,
        ConsumerCount: consumers.of(stream).length,
        QueueCount: queues.of(stream).length,
        WarmThroughput: warmThroughput(stream),
        RecordDistributionStrategy: stream.facts.mode === 'ON_DEMAND' ? stream.facts.distribution : undefined,
        MaxRecordSizeInKiB: recordKibOf(stream),
      },
    }
  },
})
