// On-demand capacity: a stream carries double its peak of the last 30 days (AWS developer guide, "Choose the right mode"), and at least what
// its warm throughput asks for. What was written is summed over samples; a sample that makes a new peak doubles the shards, all at once
// and seen by both doors. Only where kinesis.limits is on: without it nothing is too much for a shard.
// Where we differ: AWS gives no time at which it takes shards back, and here they stay until UpdateStreamWarmThroughput releases them, as
// a merge closes partitions to Kafka producers.
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { splitWidest } from '../engine/shards.ts'
import type { Reshard, Topic } from '../engine/topics.ts'
import { partitionsPerTopicMax } from '../limits.ts'
import { type AwsError, invalidArgument, limitExceeded } from './aws-error.ts'
import { writeBytesPerS, writeRecordsPerS } from './limits.ts'
import { planCount } from './reshard.ts'
import { type AwsFacts, factsOf, type Peak, withFacts } from './stream-facts.ts'
import type { Stream } from './streams.ts'

/** What AWS gives an on-demand stream to begin with. */
export const onDemandShardsMin = 4
/** Throughput that lasts this long counts; a burst does not. */
const sampleMs = 10_000
const peakLifeMs = 30 * 86_400_000

interface Sample {
  startedMs: number
  bytes: number
  records: number
  growing: boolean
}

export class OnDemand {
  readonly #engine: Engine
  readonly #settings: Settings
  /** By topic id. */
  readonly #samples = new Map<string, Sample>()

  constructor(engine: Engine, settings: Settings) {
    this.#engine = engine
    this.#settings = settings
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') this.#samples.delete(topic.id)
    })
  }

  /** A call of a stream in on-demand mode was let through by the limits. */
  took(stream: Stream, records: number, bytes: number, nowMs: number): void {
    let sample = this.#samples.get(stream.topic.id)
    if (!sample) this.#samples.set(stream.topic.id, (sample = { startedMs: nowMs, bytes: 0, records: 0, growing: false }))
    if (nowMs - sample.startedMs >= sampleMs) {
      this.#judge(stream, sample, nowMs)
      sample.startedMs = nowMs
      sample.bytes = sample.records = 0
    }
    sample.bytes += bytes
    sample.records += records
  }

  /** The most shards that a stream may have. */
  get shardsMax(): number {
    return this.#settings.get('kinesis.on.demand.shards.max')
  }

  /** Refuses a warm throughput that cannot be had. */
  checkWarm(warmThroughputMiBps: number | undefined, mode: AwsFacts['mode'], committed: boolean): void {
    if (warmThroughputMiBps === undefined) return
    const refusal = warmRefusal(warmThroughputMiBps, mode, committed, this.shardsMax)
    if (refusal) throw refusal
  }

  #judge(stream: Stream, sample: Sample, nowMs: number): void {
    const { startedMs, bytes, records, growing } = sample
    const seconds = (nowMs - startedMs) / 1000
    const open = stream.shards.open.length
    // A full bucket lets a little more through than the shards carry.
    const shards = Math.min(open, Math.max(bytes / seconds / writeBytesPerS, records / seconds / writeRecordsPerS))
    const { peak, grownMs } = stream.facts
    if (growing || shardsFor(shards) <= open) return
    if (grownMs !== null && nowMs < grownMs + this.#settings.get('kinesis.on.demand.growth.interval.ms')) return
    sample.growing = true
    // One that fails (the stream went, the disk is full) is tried again by a later sample.
    const before = peakNow(peak, nowMs)
    this.#grow(stream.name, before && before.shards > shards ? before : { shards, atMs: nowMs })
      .catch(() => {})
      .finally(() => {
        sample.growing = false
      })
  }

  #grow(name: string, peak: Peak): Promise<void> {
    return this.#engine.topics.reshard(name, (topic, endOffsetOf, nowMs) => {
      let target = openShards(topic)
      while (target < shardsFor(peak.shards)) target *= 2
      return {
        ...planGrowth(topic, Math.min(target, this.shardsMax), endOffsetOf, nowMs),
        stream: withFacts(topic.stream, { peak, grownMs: nowMs }),
      }
    })
  }
}

/** Shards that carry double a peak. */
const shardsFor = (peakShards: number): number => Math.ceil(2 * peakShards)
const peakNow = (peak: Peak | null, nowMs: number): Peak | null => (peak && nowMs - peak.atMs < peakLifeMs ? peak : null)
const openShards = (topic: Topic): number => topic.shards.filter(({ endOffset }) => endOffset === null).length

/** The widest shards are split until there are `target`; fewer is no growth. Partitions are added, none is retired. */
function planGrowth(topic: Topic, target: number, endOffsetOf: (partition: number) => number, nowMs: number): Reshard {
  const count = Math.max(0, Math.min(target - openShards(topic), partitionsPerTopicMax - topic.partitions.length))
  const added = Array.from({ length: count }, (_, i) => topic.partitions.length + i)
  return { shards: splitWidest(topic.shards, added, endOffsetOf, nowMs), addedPartitions: count }
}

/**
 * What a warm throughput makes of a stream: as many shards as carry it and double the peak, one MiB/s each. A target below what there is
 * releases shards by merging neighbours.
 */
export function planWarm(topic: Topic, warmMiBps: number, endOffsetOf: (partition: number) => number, nowMs: number): Reshard {
  const peak = peakNow(factsOf(topic.stream).peak, nowMs)
  const target = Math.max(onDemandShardsMin, warmMiBps, peak ? shardsFor(peak.shards) : 0)
  if (target < openShards(topic)) return planCount(topic, target, endOffsetOf, nowMs)
  return planGrowth(topic, target, endOffsetOf, nowMs)
}

function warmRefusal(warmMiBps: number, mode: AwsFacts['mode'], committed: boolean, shardsMax: number): AwsError | null {
  if (mode !== 'ON_DEMAND') return invalidArgument('WarmThroughputMiBps is only supported for streams in ON_DEMAND mode.')
  if (!committed) return invalidArgument('Warm throughput needs MinimumThroughputBillingCommitment to be enabled for the account.')
  if (warmMiBps > shardsMax) {
    return limitExceeded(`WarmThroughputMiBps ${warmMiBps} exceeds the limit of ${shardsMax} MiBps for an on-demand stream.`)
  }
  return null
}
