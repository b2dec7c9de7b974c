// Enhanced monitoring: which shard-level metrics a stream has. The counts are stream-counts.ts's. Pure.
import type { Output } from './operation.ts'
import { listOf, oneOf } from './shape.ts'
import type { Stream } from './streams.ts'

const metricNames = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
] as const

export const shardLevelMetrics = listOf(oneOf(...metricNames, 'ALL'), { min: 1, max: 7 })

/** `ALL` stands for every metric. In AWS's order. */
export const expandMetrics = (names: readonly string[]): string[] => metricNames.filter((name) => names.includes('ALL') || names.includes(name))

export const monitoringAnswer = (stream: Stream, before: readonly string[], after: readonly string[]): Output => ({
  StreamName: stream.name,
  StreamARN: stream.arn,
  CurrentShardLevelMetrics: before,
  DesiredShardLevelMetrics: after,
})
