// What Kinesis's CloudWatch metrics count: of every stream that was used, of its shards where enhanced monitoring is on, and of its
// fan-out consumers. Plain numbers, added to once a call and never once a record; kinesis-metrics.ts shows them when scraped.
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { Topic } from '../engine/topics.ts'
import { factsOf } from './stream-facts.ts'

/** The largest value of about the last minute, which is CloudWatch's period: what an alarm looks at. */
export class RecentMax {
  #slot = Number.NEGATIVE_INFINITY
  #now: number | null = null
  #before: number | null = null

  note(value: number, nowMs: number): void {
    this.#turn(nowMs)
    this.#now = Math.max(value, this.#now ?? 0)
  }

  /** Null where nothing was noted lately. */
  value(nowMs: number): number | null {
    this.#turn(nowMs)
    return this.#now === null ? this.#before : Math.max(this.#now, this.#before ?? 0)
  }

  #turn(nowMs: number): void {
    const slot = Math.floor(nowMs / halfMinuteMs)
    if (slot === this.#slot) return
    this.#before = slot === this.#slot + 1 ? this.#now : null
    this.#now = null
    this.#slot = slot
  }
}

const halfMinuteMs = 30_000

/** Calls of one operation on one stream. */
export class CallCounts {
  calls = 0
  successes = 0
  milliseconds = 0
  /** Of data and keys. */
  bytes = 0
  records = 0

  /** Runs a call and counts it, refused or not. */
  async timed<Result>(action: () => Promise<Result>, succeeded: (result: Result) => boolean = () => true): Promise<Result> {
    const startedMs = performance.now()
    try {
      const result = await action()
      if (succeeded(result)) this.successes++
      return result
    } finally {
      this.calls++
      this.milliseconds += performance.now() - startedMs
    }
  }
}

/** One shard: what EnableEnhancedMonitoring switches on. */
export class ShardCounts {
  incomingBytes = 0
  incomingRecords = 0
  outgoingBytes = 0
  outgoingRecords = 0
  writeThrottled = 0
  readThrottled = 0
  readonly iteratorAge = new RecentMax()
}

/** One registered consumer. */
export interface ConsumerCounts {
  /** Calls of SubscribeToShard: refused for one that runs or comes too soon, and begun. */
  rateExceeded: number
  subscribed: number
  events: number
  bytes: number
  records: number
  /** As its last event said. */
  millisBehindLatest: number
}

export class StreamCounts {
  readonly putRecord = new CallCounts()
  readonly putRecords = new CallCounts()
  readonly getRecords = new CallCounts()
  /** Records of PutRecords calls that failed of themselves; throttled ones are not among them. */
  putRecordsFailed = 0
  putRecordsThrottled = 0
  writeThrottled = 0
  readThrottled = 0
  readonly iteratorAge = new RecentMax()
  /** By shard index. Empty where enhanced monitoring is off. */
  readonly shards = new Map<number, ShardCounts>()
  /** By name. */
  readonly consumers = new Map<string, ConsumerCounts>()
  /** The shard-level metrics that are on. */
  levels: readonly string[] = []

  /** Null where shards are not counted. */
  shard(index: number): ShardCounts | null {
    if (this.levels.length === 0) return null
    let counts = this.shards.get(index)
    if (!counts) this.shards.set(index, (counts = new ShardCounts()))
    return counts
  }

  consumer(name: string): ConsumerCounts {
    let counts = this.consumers.get(name)
    if (!counts) {
      counts = { rateExceeded: 0, subscribed: 0, events: 0, bytes: 0, records: 0, millisBehindLatest: 0 }
      this.consumers.set(name, counts)
    }
    return counts
  }

  /** Records were stored in a shard by one call. */
  stored(call: CallCounts, shardIndex: number, records: number, bytes: number): void {
    call.records += records
    call.bytes += bytes
    const shard = this.shard(shardIndex)
    if (!shard) return
    shard.incomingRecords += records
    shard.incomingBytes += bytes
  }

  /** A record was refused for its shard's limits. */
  refusedWrite(shardIndex: number): void {
    this.writeThrottled++
    const shard = this.shard(shardIndex)
    if (shard) shard.writeThrottled++
  }

  /** GetRecords answered. */
  read(shardIndex: number, records: number, bytes: number, ageMs: number, nowMs: number): void {
    this.getRecords.records += records
    this.getRecords.bytes += bytes
    this.iteratorAge.note(ageMs, nowMs)
    const shard = this.shard(shardIndex)
    if (!shard) return
    shard.outgoingRecords += records
    shard.outgoingBytes += bytes
    shard.iteratorAge.note(ageMs, nowMs)
  }

  /** GetRecords was refused for its shard's limits. */
  refusedRead(shardIndex: number): void {
    this.readThrottled++
    const shard = this.shard(shardIndex)
    if (shard) shard.readThrottled++
  }
}

/** The sum of the streams for which there was no room: no shards, no consumers. */
class OtherStreams extends StreamCounts {
  override shard(): null {
    return null
  }

  override consumer(): ConsumerCounts {
    return { rateExceeded: 0, subscribed: 0, events: 0, bytes: 0, records: 0, millisBehindLatest: 0 }
  }
}

/** The counts of one AWS door. */
export class KinesisCounts {
  readonly #streamsMax: number
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #byTopic = new Map<string, { name: string; counts: StreamCounts }>()
  readonly #others = new OtherStreams()

  constructor(streamsMax: number, engine: Engine, clock: Clock) {
    this.#streamsMax = streamsMax
    this.#engine = engine
    this.#clock = clock
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') this.#byTopic.delete(topic.id)
      if (kind === 'stream' || kind === 'partitions') this.#follow(topic)
    })
  }

  /** To be added to; a sum of many where there are too many streams. */
  of({ topic }: { readonly topic: Topic }): StreamCounts {
    const known = this.#byTopic.get(topic.id)
    if (known) return known.counts
    // A stream that was deleted under a call gets no series any more.
    if (this.#byTopic.size >= this.#streamsMax || !this.#engine.topics.byId(topic.id)) return this.#others
    const counts = new StreamCounts()
    counts.levels = factsOf(topic.stream).shardLevelMetrics
    this.#byTopic.set(topic.id, { name: topic.name, counts })
    return counts
  }

  /** Streams that were used, by name; those without room of their own as `_other`. */
  *all(): Generator<readonly [stream: string, counts: StreamCounts]> {
    for (const { name, counts } of this.#byTopic.values()) yield [name, counts]
    const { putRecord, putRecords, getRecords } = this.#others
    if (this.#byTopic.size >= this.#streamsMax && putRecord.calls + putRecords.calls + getRecords.calls > 0) yield ['_other', this.#others]
  }

  nowMs(): number {
    return this.#clock.now()
  }

  /** Monitoring was switched, or shards changed: what is not shown any more is not kept. */
  #follow({ id, stream, shards, config }: Topic): void {
    const counts = this.#byTopic.get(id)?.counts
    if (!counts) return
    counts.levels = factsOf(stream).shardLevelMetrics
    if (counts.levels.length === 0) counts.shards.clear()
    const trimMs = config.retentionMs < 0 ? 0 : this.#clock.now() - config.retentionMs
    for (const { index, closedMs } of shards) if (closedMs !== null && closedMs < trimMs) counts.shards.delete(index)
  }
}
