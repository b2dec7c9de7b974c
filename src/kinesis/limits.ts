// AWS's limits: what the account may have, and how fast a shard may be written and read. Off unless kinesis.limits is on: a local test
// wants no throttling; one that tests its own retries does.
import type { Settings } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import { AwsError, limitExceeded } from './aws-error.ts'
import { Bucket } from './bucket.ts'
import type { Output } from './operation.ts'
import { factsOf, type StreamMode } from './stream-facts.ts'
import { isStreamName } from './streams.ts'

/** A shard's throughput: AWS's fixed figures. */
export const writeBytesPerS = 1_048_576
export const writeRecordsPerS = 1000
const readBytesPerS = 2 * 1_048_576
const readCallsPerS = 5
/** GetShardIterator. */
const iteratorCallsPerS = 5
/** A read of ten times what a second allows is answered, and then paid off for five seconds. */
const readDebtS = 5

/** Calls a second of the account (AWS's API reference, each operation's page); null for operations whose limits are the shards'. */
const callsPerS: Readonly<Record<string, number | null>> = {
  AcknowledgeDeadLetterQueueRecords: null,
  AcknowledgeQueueRecords: null,
  DescribeLimits: 1,
  DescribeStream: 10,
  DescribeStreamConsumer: 20,
  DescribeStreamSummary: 20,
  GetRecords: null,
  GetShardIterator: null,
  ListShards: 1000,
  PutRecord: null,
  PutRecords: null,
  ReceiveDeadLetterQueueRecords: null,
  ReceiveQueueRecords: null,
  RestoreDeadLetterQueueRecords: null,
  SubscribeToShard: null,
  UpdateDeadLetterQueueRecordsVisibility: null,
  UpdateQueueRecordsVisibility: null,
  UpdateShardCount: 10,
}
const callsPerSDefault = 5
/** Operations whose rate is each stream's own, by the same pages. */
const ratedByStream = new Set(['DeregisterStreamConsumer', 'DescribeStreamConsumer', 'ListShards', 'ListStreamConsumers'])
/** Clients choose the names of streams: the oldest bucket goes, so that memory stays bounded. */
const callBucketsMax = 10_000
/** Streams that are being created at a time. */
const creatingMax = 5

/** What may name the stream of a call. */
export interface CallInput {
  readonly streamName?: unknown
  readonly streamARN?: unknown
  readonly consumerARN?: unknown
}

/** The name of the stream that a call is about, as far as its input says. */
function streamIn({ streamName, streamARN, consumerARN }: CallInput): string {
  if (typeof streamName === 'string') return streamName
  const arn = typeof streamARN === 'string' ? streamARN : consumerARN
  return typeof arn === 'string' ? (/:stream\/([^/]+)/.exec(arn)?.[1] ?? '') : ''
}

interface ShardBuckets {
  readonly writeBytes: Bucket
  readonly writeRecords: Bucket
  readonly readCalls: Bucket
  readonly readBytes: Bucket
  readonly iteratorCalls: Bucket
}

export class Limits {
  readonly #engine: Engine
  readonly #settings: Settings
  /** By topic id, then shard. */
  readonly #shards = new Map<string, Map<number, ShardBuckets>>()
  /** Calls of the control plane, by operation, and by stream where the rate is a stream's. */
  readonly #calls = new Map<string, Bucket>()

  constructor(engine: Engine, settings: Settings) {
    this.#engine = engine
    this.#settings = settings
    engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted') this.#shards.delete(topic.id)
    })
  }

  get on(): boolean {
    return this.#settings.get('kinesis.limits') === 'on'
  }

  /** DescribeLimits' figures. On-demand streams do not count against the shards. */
  describe(): Output {
    const streams = this.#engine.topics.all().filter(({ name }) => isStreamName(name))
    const onDemand = streams.filter(({ stream }) => factsOf(stream).mode === 'ON_DEMAND')
    return {
      ShardLimit: this.#settings.get('kinesis.shards.max'),
      OpenShardCount: this.#openShards(),
      OnDemandStreamCount: onDemand.length,
      OnDemandStreamCountLimit: this.#settings.get('kinesis.on.demand.streams.max'),
    }
  }

  /** Refuses a stream that the account has no room for. */
  newStream(mode: StreamMode, shards: number, creating: number): void {
    if (this.on && creating >= creatingMax) {
      throw limitExceeded(
        `This request would exceed the limit of ${creatingMax} streams in CREATING state for the account ${this.#settings.get('aws.account.id')}.`,
      )
    }
    if (mode === 'PROVISIONED') {
      this.newShards(shards)
      return
    }
    const most = this.#settings.get('kinesis.on.demand.streams.max')
    const { OnDemandStreamCount: count } = this.describe()
    if (this.on && Number(count) >= most) {
      throw limitExceeded(`This request would exceed the limit of ${most} on-demand streams for the account ${this.#settings.get('aws.account.id')}.`)
    }
  }

  /** Refuses `count` more open shards than the account may have. */
  newShards(count: number): void {
    const most = this.#settings.get('kinesis.shards.max')
    const open = this.on ? this.#openShards() : 0
    if (!this.on || open + count <= most) return
    throw limitExceeded(
      `This request would exceed the shard limit for the account ${this.#settings.get('aws.account.id')} in ${this.#settings.get('aws.region')}. ` +
        `Current shard count for the account: ${open}. Limit: ${most}. Number of additional shards that would have resulted from this request: ${count}. ` +
        'Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) ' +
        'for current limits and how to request higher limits.',
    )
  }

  /** Counts a call of the control plane, and refuses what is above the account's rate. */
  call(operation: string, input: CallInput, nowMs: number): void {
    const rate = callsPerS[operation]
    const perSecond = this.on ? (rate === undefined ? callsPerSDefault : rate) : null
    if (perSecond === null) return
    const key = ratedByStream.has(operation) ? `${operation} ${streamIn(input)}` : operation
    let bucket = this.#calls.get(key)
    if (!bucket) {
      if (this.#calls.size >= callBucketsMax) this.#calls.delete(this.#calls.keys().next().value!)
      this.#calls.set(key, (bucket = new Bucket(perSecond, perSecond, nowMs)))
    }
    if (!bucket.take(1, nowMs)) throw limitExceeded(`Rate exceeded for account ${this.#settings.get('aws.account.id')}.`)
  }

  /** Whether a record may be written to a shard now; counts it if so. */
  mayWrite(topicId: string, shardIndex: number, bytes: number, nowMs: number): boolean {
    const { writeBytes, writeRecords } = this.#shard(topicId, shardIndex, nowMs)
    // A record above a second's worth is let through on a full bucket and paid off.
    if (!writeBytes.has(Math.min(bytes, writeBytesPerS), nowMs) || !writeRecords.take(1, nowMs)) return false
    writeBytes.spend(bytes, nowMs)
    return true
  }

  /** Refuses a GetRecords call on a shard that is read too often, or that still pays off a large answer. */
  checkRead(topicId: string, shardIndex: number, nowMs: number, refuse: () => AwsError): void {
    if (!this.on) return
    const { readCalls, readBytes } = this.#shard(topicId, shardIndex, nowMs)
    if (!readBytes.has(1, nowMs) || !readCalls.take(1, nowMs)) throw refuse()
  }

  /** Refuses a GetShardIterator call on a shard that is asked for too often. */
  checkIterator(topicId: string, shardIndex: number, nowMs: number, refuse: () => AwsError): void {
    if (this.on && !this.#shard(topicId, shardIndex, nowMs).iteratorCalls.take(1, nowMs)) throw refuse()
  }

  /** Counts what a GetRecords call gave. */
  didRead(topicId: string, shardIndex: number, bytes: number, nowMs: number): void {
    if (this.on) this.#shard(topicId, shardIndex, nowMs).readBytes.spend(Math.min(bytes, readBytesPerS * readDebtS), nowMs)
  }

  #openShards(): number {
    let open = 0
    for (const { name, stream, shards } of this.#engine.topics.all()) {
      if (!isStreamName(name) || factsOf(stream).mode === 'ON_DEMAND') continue
      for (const shard of shards) if (shard.endOffset === null) open++
    }
    return open
  }

  #shard(topicId: string, shardIndex: number, nowMs: number): ShardBuckets {
    let ofTopic = this.#shards.get(topicId)
    if (!ofTopic) this.#shards.set(topicId, (ofTopic = new Map()))
    let buckets = ofTopic.get(shardIndex)
    if (!buckets) {
      buckets = {
        writeBytes: new Bucket(writeBytesPerS, writeBytesPerS, nowMs),
        writeRecords: new Bucket(writeRecordsPerS, writeRecordsPerS, nowMs),
        readCalls: new Bucket(readCallsPerS, readCallsPerS, nowMs),
        readBytes: new Bucket(readBytesPerS, readBytesPerS, nowMs),
        iteratorCalls: new Bucket(iteratorCallsPerS, iteratorCallsPerS, nowMs),
      }
      ofTopic.set(shardIndex, buckets)
    }
    return buckets
  }
}

/** AWS's refusal of a shard that is read or written too fast. */
export const shardThrottled = (shardId: string, stream: string, account: string): AwsError =>
  new AwsError('ProvisionedThroughputExceededException', `Rate exceeded for shard ${shardId} in stream ${stream} under account ${account}.`)
