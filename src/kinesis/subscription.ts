// Subscriptions to shards (enhanced fan-out): one per consumer and shard, pushed for five minutes, woken by commits. The rules of
// taking over are AWS's (API reference, SubscribeToShard). What a frame looks like is event-stream.ts's.
// Where we differ: after a subscription has ended, the next one need not wait until five seconds have passed since its start, unless
// kinesis.limits is on: a test that reconnects would only wait.
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { asEngineError, EngineError } from '../engine/errors.ts'
import { inUse } from './aws-error.ts'
import { Bucket } from './bucket.ts'
import type { Consumer } from './consumers.ts'
import { childShards } from './describe.ts'
import { streamKeyFault } from './kms.ts'
import type { Limits } from './limits.ts'
import type { Output } from './operation.ts'
import { readShard } from './read.ts'
import type { StreamShard } from './shard-map.ts'
import type { KinesisCounts } from './stream-counts.ts'

/** What is pushed. An exception is the last one. */
export type PushedEvent = { event: string; payload: Output } | { exception: string; message: string }

/** An operation's answer that goes on. */
export class EventSource {
  readonly #begin: (signal: AbortSignal) => AsyncGenerator<PushedEvent>

  constructor(begin: (signal: AbortSignal) => AsyncGenerator<PushedEvent>) {
    this.#begin = begin
  }

  /** Begins to push; once. The signal says that nobody listens any more. */
  events(signal: AbortSignal): AsyncGenerator<PushedEvent> {
    return this.#begin(signal)
  }
}

/** A subscription ends by itself after this, and is to be renewed. */
const lifeMs = 300_000
/** While nothing is written, an empty event says that the connection lives, and where the reader stands. */
const silenceMsMax = 5000
/** A second call within this is refused; later, it takes over. */
const takeOverMs = 5000
/** An event of this size goes through the windows of every client known; larger ones only for a record that is larger itself. */
const eventLimits = { recordsMax: 1000, bytesMax: 1024 * 1024 }

/** What a consumer is pushed of a shard in a second, where kinesis.limits is on. */
const pushBytesPerS = 2 * 1024 * 1024
const allowanceStepMs = 50

interface Live {
  readonly startedMs: number
  /** Null while it runs: why it must end. */
  ended: 'taken-over' | 'deregistered' | 'done' | null
  wake(): void
}

/** What the engine refuses, as a value: subscribers are told. */
function asEngineFault(thrown: unknown): EngineError {
  const error = asEngineError(thrown)
  if (error instanceof EngineError) return error
  throw error
}

export class Subscriptions {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #counts: KinesisCounts
  readonly #byConsumer = new Map<string, Map<number, Live>>()

  constructor(engine: Engine, clock: Clock, limits: Limits, counts: KinesisCounts) {
    this.#engine = engine
    this.#clock = clock
    this.#limits = limits
    this.#counts = counts
    engine.topics.onChange(({ kind, topic }) => {
      // A reshard ends shards without a record being written: their readers are to be told.
      if (kind === 'partitions') for (const partition of topic.partitions) engine.waiters.moved(partition)
      if (kind === 'deleted') for (const arn of this.#byConsumer.keys()) if (arn.includes(`:stream/${topic.name}/`)) this.#byConsumer.delete(arn)
    })
  }

  /** Refuses with ResourceInUseException while another subscription has just begun. */
  check(consumer: Consumer, { shard, id }: StreamShard): void {
    const before = this.#byConsumer.get(consumer.arn)?.get(shard.index)
    // A clock may have been set back since.
    if (!before || Math.abs(this.#clock.now() - before.startedMs) >= takeOverMs || (before.ended !== null && !this.#limits.on)) return
    this.#counts.of(consumer.stream).consumer(consumer.name).rateExceeded++
    throw inUse(
      `Another active subscription exists for this consumer: ${this.#engine.topics.byId(consumer.stream.topic.id)?.name}:${id}:${consumer.name}`,
    )
  }

  /** Begins a subscription, or refuses as `check` does. */
  open(consumer: Consumer, entry: StreamShard, offset: number): EventSource {
    this.check(consumer, entry)
    const { shard } = entry
    const nowMs = this.#clock.now()
    const counts = this.#counts.of(consumer.stream).consumer(consumer.name)
    const ofConsumer = this.#byConsumer.get(consumer.arn) ?? new Map<number, Live>()
    this.#byConsumer.set(consumer.arn, ofConsumer)
    const before = ofConsumer.get(shard.index)
    if (before && before.ended === null) {
      before.ended = 'taken-over'
      before.wake()
    }
    counts.subscribed++
    const live: Live = { startedMs: nowMs, ended: null, wake: () => {} }
    ofConsumer.set(shard.index, live)
    return new EventSource((signal) => this.#push(consumer, shard.index, offset, live, signal))
  }

  /** Ends a consumer's subscriptions: it was deregistered. */
  endAll(consumerARN: string): void {
    for (const live of this.#byConsumer.get(consumerARN)?.values() ?? []) {
      live.ended ??= 'deregistered'
      live.wake()
    }
    this.#byConsumer.delete(consumerARN)
  }

  async *#push(consumer: Consumer, shardIndex: number, fromOffset: number, live: Live, signal: AbortSignal): AsyncGenerator<PushedEvent> {
    const { stream } = consumer
    const counts = this.#counts.of(stream).consumer(consumer.name)
    const endMs = live.startedMs + lifeMs
    const allowance = new Bucket(pushBytesPerS, pushBytesPerS, live.startedMs)
    let offset = fromOffset
    let saidMs = 0
    try {
      for (;;) {
        const nowMs = this.#clock.now()
        if (signal.aborted || nowMs >= endMs) return
        if (live.ended === 'taken-over') {
          yield { exception: 'ResourceInUseException', message: `Another subscription of consumer ${consumer.name} took over.` }
          return
        }
        const entry = stream.shards.get(shardIndex)
        if (live.ended === 'deregistered' || !entry || this.#engine.topics.byId(stream.topic.id) === undefined) {
          yield { exception: 'ResourceNotFoundException', message: `Consumer ${consumer.arn} or its stream does not exist any more.` }
          return
        }
        if (this.#limits.on && !allowance.has(1, nowMs)) {
          await this.#pause(consumer, entry, live, Math.min(endMs, nowMs + allowanceStepMs), signal)
          continue
        }
        const locked = streamKeyFault(stream, this.#engine.settings)
        if (locked) {
          yield { exception: locked.type, message: locked.message }
          return
        }
        const read = await readShard(this.#engine, stream, entry, offset, eventLimits, nowMs).catch(asEngineFault)
        if (read instanceof EngineError) {
          yield { exception: 'InternalFailureException', message: read.message }
          return
        }
        if (read.count > 0 || read.ended || read.nextOffset > offset || nowMs - saidMs >= silenceMsMax) {
          offset = read.nextOffset
          saidMs = nowMs
          counts.events++
          counts.records += read.count
          counts.bytes += read.bytes
          allowance.spend(read.bytes, nowMs)
          counts.millisBehindLatest = read.millisBehindLatest
          yield {
            event: 'SubscribeToShardEvent',
            payload: {
              Records: read.records,
              ContinuationSequenceNumber: read.ended ? undefined : entry.numbers.before(offset),
              MillisBehindLatest: read.millisBehindLatest,
              ChildShards: read.ended ? childShards(stream, shardIndex) : undefined,
            },
          }
          if (read.ended) return
        } else {
          await this.#rest(consumer, shardIndex, offset, live, Math.min(endMs, saidMs + silenceMsMax), signal)
        }
      }
    } finally {
      live.ended ??= 'done'
      // What it held on to goes; that it began then stays, for who comes within five seconds.
      live.wake = () => {}
    }
  }

  /** Until then, or until the subscription must end. */
  #pause({ stream }: Consumer, { shard }: StreamShard, live: Live, untilMs: number, signal: AbortSignal): Promise<void> {
    const partition = stream.topic.partitions[shard.partition]!
    live.wake = () => this.#engine.waiters.moved(partition)
    return this.#engine.waiters.park([partition], untilMs, () => live.ended !== null, signal)
  }

  /** Until there is something to say. */
  #rest({ stream }: Consumer, shardIndex: number, offset: number, live: Live, untilMs: number, signal: AbortSignal): Promise<void> {
    const partition = stream.topic.partitions[stream.shards.get(shardIndex)!.shard.partition]!
    const ready = (): boolean => {
      if (live.ended !== null) return true
      const { endOffset } = stream.shards.get(shardIndex)?.shard ?? { endOffset: 0 }
      return partition.lastStableOffset > offset || (endOffset !== null && offset >= endOffset)
    }
    live.wake = () => this.#engine.waiters.moved(partition)
    return this.#engine.waiters.park([partition], untilMs, ready, signal)
  }
}
