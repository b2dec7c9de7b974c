// Kinesis's CloudWatch metrics as Prometheus series: PutRecords.ThrottledRecords is twinlog_kinesis_put_records_throttled_records_total.
// Sums are counters, latencies are a sum and a count, ages are gauges; times stay in CloudWatch's milliseconds, so that an alarm's
// threshold moves over as it is. Counting is kinesis/stream-counts.ts's.
import type { Settings } from './config.ts'
import { shardIdOf } from './kinesis/shard-id.ts'
import type { CallCounts, ConsumerCounts, KinesisCounts, ShardCounts, StreamCounts } from './kinesis/stream-counts.ts'
import type { Maker, Series } from './metrics-maker.ts'

export interface KinesisSources {
  readonly settings: Settings
  /** Null while the AWS door does not listen. */
  kinesis(): KinesisCounts | null
}

/** CloudWatch's name, what it counts, and where that stands. */
type Figure<Counts> = readonly [name: string, help: string, value: (counts: Counts) => number]

const streamSums: readonly Figure<StreamCounts>[] = [
  ['IncomingBytes', 'Bytes of data and keys stored by PutRecord and PutRecords', (of) => of.putRecord.bytes + of.putRecords.bytes],
  ['IncomingRecords', 'Records stored by PutRecord and PutRecords', (of) => of.putRecord.records + of.putRecords.records],
  ['PutRecord.Bytes', 'Bytes stored by PutRecord', (of) => of.putRecord.bytes],
  ['PutRecord.Success', 'PutRecord calls that succeeded', (of) => of.putRecord.successes],
  ['PutRecords.Bytes', 'Bytes stored by PutRecords', (of) => of.putRecords.bytes],
  ['PutRecords.Success', 'PutRecords calls that stored a record at least', (of) => of.putRecords.successes],
  ['PutRecords.TotalRecords', 'Records in PutRecords calls', (of) => of.putRecords.records + of.putRecordsFailed + of.putRecordsThrottled],
  ['PutRecords.SuccessfulRecords', 'Records stored by PutRecords', (of) => of.putRecords.records],
  ['PutRecords.FailedRecords', 'Records of PutRecords that failed within the broker', (of) => of.putRecordsFailed],
  ['PutRecords.ThrottledRecords', 'Records of PutRecords above the limits of their shards', (of) => of.putRecordsThrottled],
  ['GetRecords.Bytes', 'Bytes answered by GetRecords', (of) => of.getRecords.bytes],
  ['GetRecords.Records', 'Records answered by GetRecords', (of) => of.getRecords.records],
  ['GetRecords.Success', 'GetRecords calls that succeeded', (of) => of.getRecords.successes],
  ['ReadProvisionedThroughputExceeded', 'GetRecords calls above the limits of their shards', (of) => of.readThrottled],
  ['WriteProvisionedThroughputExceeded', 'Records above the limits of their shards', (of) => of.writeThrottled],
]

const latencies: readonly (readonly [name: string, of: (counts: StreamCounts) => CallCounts])[] = [
  ['PutRecord', (counts) => counts.putRecord],
  ['PutRecords', (counts) => counts.putRecords],
  ['GetRecords', (counts) => counts.getRecords],
]

/** With the names by which EnableEnhancedMonitoring switches them. */
const shardSums: readonly Figure<ShardCounts>[] = [
  ['IncomingBytes', 'Bytes stored in a shard', (of) => of.incomingBytes],
  ['IncomingRecords', 'Records stored in a shard', (of) => of.incomingRecords],
  ['OutgoingBytes', 'Bytes of a shard answered by GetRecords', (of) => of.outgoingBytes],
  ['OutgoingRecords', 'Records of a shard answered by GetRecords', (of) => of.outgoingRecords],
  ['WriteProvisionedThroughputExceeded', 'Records above the limits of the shard', (of) => of.writeThrottled],
  ['ReadProvisionedThroughputExceeded', 'GetRecords calls above the limits of the shard', (of) => of.readThrottled],
]

const consumerSums: readonly Figure<ConsumerCounts>[] = [
  ['SubscribeToShard.RateExceeded', 'Subscriptions refused because another one runs or began just before', (of) => of.rateExceeded],
  ['SubscribeToShard.Success', 'Subscriptions begun', (of) => of.subscribed],
  ['SubscribeToShardEvent.Success', 'Events pushed', (of) => of.events],
  ['SubscribeToShardEvent.Bytes', 'Bytes pushed', (of) => of.bytes],
  ['SubscribeToShardEvent.Records', 'Records pushed', (of) => of.records],
]

/** CloudWatch's name in Prometheus's spelling. */
export const seriesName = (name: string): string =>
  `twinlog_kinesis_${name
    .replace('.', '_')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()}`

export function describeKinesis(make: Maker, { settings, kinesis }: KinesisSources): void {
  const streams = (): Iterable<readonly [string, StreamCounts]> => kinesis()?.all() ?? []
  for (const [name, help, value] of streamSums) {
    make.counter(`${seriesName(name)}_total`, `${name}: ${help}.`, ['stream'], function* () {
      for (const [stream, counts] of streams()) yield [{ stream }, value(counts)]
    })
  }
  for (const [name, of] of latencies) {
    make.summary(`${seriesName(name)}_latency_milliseconds`, `${name}.Latency: time taken by its calls.`, function* () {
      for (const [stream, counts] of streams()) yield [{ stream }, { sum: of(counts).milliseconds, count: of(counts).calls }]
    })
  }
  const age = 'GetRecords.IteratorAgeMilliseconds'
  make.gauge(seriesName(age), `${age}: how far GetRecords was behind, at worst in the last minute.`, ['stream'], function* () {
    for (const [stream, counts] of streams()) {
      const ageMs = counts.iteratorAge.value(kinesis()?.nowMs() ?? 0)
      if (ageMs !== null) yield [{ stream }, ageMs]
    }
  })
  describeShards(make, { settings, kinesis })
  describeConsumers(make, { settings, kinesis })
}

/** At most metrics.partitions.max shards have series. */
function describeShards(make: Maker, { settings, kinesis }: KinesisSources): void {
  const shards = function* (metric: string): Generator<readonly [{ stream: string; shard: string }, ShardCounts]> {
    let room = settings.get('metrics.partitions.max')
    for (const [stream, { levels, shards: counted }] of kinesis()?.all() ?? []) {
      if (!levels.includes(metric)) continue
      for (const [index, counts] of counted) if (room-- > 0) yield [{ stream, shard: shardIdOf(index) }, counts]
    }
  }
  const labels = ['stream', 'shard']
  for (const [name, help, value] of shardSums) {
    make.counter(`${shardSeriesName(name)}_total`, `Shard-level ${name}: ${help}.`, labels, function* () {
      for (const [shard, counts] of shards(name)) yield [shard, value(counts)]
    })
  }
  const age = 'IteratorAgeMilliseconds'
  make.gauge(shardSeriesName(age), `Shard-level ${age}: how far GetRecords was behind, at worst in the last minute.`, labels, function* () {
    for (const [shard, counts] of shards(age)) {
      const ageMs = counts.iteratorAge.value(kinesis()?.nowMs() ?? 0)
      if (ageMs !== null) yield [shard, ageMs]
    }
  })
}

const shardSeriesName = (name: string): string => seriesName(`Shard.${name}`)

/** At most metrics.groups.max fan-out consumers have series: they are to streams what groups are to topics. */
function describeConsumers(make: Maker, { settings, kinesis }: KinesisSources): void {
  const labels = ['stream', 'consumer']
  const consumers = function* (value: (of: ConsumerCounts) => number): Series {
    let room = settings.get('metrics.groups.max')
    for (const [stream, counts] of kinesis()?.all() ?? []) {
      for (const [consumer, of] of counts.consumers) if (room-- > 0) yield [{ stream, consumer }, value(of)]
    }
  }
  for (const [name, help, value] of consumerSums) make.counter(`${seriesName(name)}_total`, `${name}: ${help}.`, labels, () => consumers(value))
  const behind = 'SubscribeToShardEvent.MillisBehindLatest'
  make.gauge(seriesName(behind), `${behind}: how far the last event was behind.`, labels, () => consumers((of) => of.millisBehindLatest))
}
