// Resharding: what a split, a merge or a change of the shard count makes of a stream's shards. Each goes to the engine as one commit
// that both doors see at once. The engine asks the plans below while no append is under way.
import { mergeShards, ShardEdit, splitShard } from '../engine/shards.ts'
import type { Reshard, Topic } from '../engine/topics.ts'
import { type AwsError, notFound, validationError } from './aws-error.ts'
import type { Context } from './operation.ts'
import { shardIdOf, shardIndexOf } from './shard-id.ts'
import type { StreamShard } from './shard-map.ts'
import { type AwsFacts, factsOf, withFacts } from './stream-facts.ts'
import type { Stream } from './streams.ts'

/** The number in the name of a shard that is to be changed. Looked at before the stream is, as AWS does. */
export function shardIndexToChange(name: string, streamName: string, account: string): number {
  const index = shardIndexOf(name)
  if (index === null) throw noSuchShard(name, streamName, account)
  return index
}

/** The shard, or AWS's ResourceNotFoundException. */
export function shardToChange(stream: Stream, index: number, account: string): StreamShard {
  const shard = stream.shards.get(index)
  if (!shard) throw noSuchShard(shardIdOf(index), stream.name, account)
  return shard
}

const noSuchShard = (name: string, streamName: string, account: string): AwsError =>
  notFound(`Could not find shard ${name} in stream ${streamName} under account ${account}.`)

/** On-demand streams are scaled by AWS alone. */
export function checkProvisioned(stream: Stream, account: string): void {
  if (stream.facts.mode === 'ON_DEMAND') {
    throw validationError(`Request is invalid. Stream ${stream.name} under account ${account} is in On-Demand mode.`)
  }
}

export const alreadyClosed = (id: string): AwsError =>
  validationError(`Shard ${id} has already been merged or split, and thus is not eligible for merging or splitting.`)

type EndOffsetOf = (partition: number) => number

/** Applies a plan to a stream; it is UPDATING for the transition time. */
export async function applyReshard(
  stream: Stream,
  { engine, streams, nowMs }: Context,
  plan: (topic: Topic, endOffsetOf: EndOffsetOf, nowMs: number) => Reshard,
  more: (facts: AwsFacts) => Partial<AwsFacts> = () => ({}),
): Promise<void> {
  await engine.topics.reshard(stream.name, (topic, endOffsetOf, atMs) => ({
    ...withoutExpired(plan(topic, endOffsetOf, atMs), topic, atMs),
    stream: withFacts(topic.stream, { busyUntilMs: streams.busyUntil(nowMs), ...more(factsOf(topic.stream)) }),
  }))
}

/** Closed shards of which retention has left nothing are forgotten, as AWS does: a stream that is resharded for years does not grow by it. */
function withoutExpired(change: Reshard, { config: { retentionMs } }: Topic, nowMs: number): Reshard {
  if (retentionMs < 0) return change
  return { ...change, shards: change.shards.filter(({ closedMs }) => closedMs === null || closedMs + retentionMs > nowMs) }
}

/** A split at the first hash key of the upper child. */
export function planSplit(topic: Topic, shardIndex: number, hashStart: bigint, endOffsetOf: EndOffsetOf, nowMs: number): Reshard {
  const parent = topic.shards.find(({ index }) => index === shardIndex)!
  const at = { endOffset: endOffsetOf(parent.partition), nowMs }
  return { shards: splitShard(topic.shards, shardIndex, hashStart, topic.partitions.length, at), addedPartitions: 1 }
}

/** A merge; the second shard's partition is retired. */
export function planMerge(topic: Topic, first: number, second: number, endOffsetOf: EndOffsetOf, nowMs: number): Reshard {
  const { partition } = topic.shards.find(({ index }) => index === second)!
  return { shards: mergeShards(topic.shards, first, second, endOffsetOf, nowMs), retiredPartitions: [partition] }
}

/**
 * Uniform scaling to `target` open shards of equal width: neighbours are merged where there are too many, the widest are split
 * where there are too few, as AWS does with short-lived shards in between.
 */
export function planCount(topic: Topic, target: number, endOffsetOf: EndOffsetOf, nowMs: number): Reshard {
  const edit = new ShardEdit(topic.shards)
  let partitions = topic.partitions.length
  const retiredPartitions: number[] = []
  const end: EndOffsetOf = (partition) => (partition < topic.partitions.length ? endOffsetOf(partition) : 0)
  const open = topic.shards.filter(({ endOffset }) => endOffset === null).sort((a, b) => (a.hashStart < b.hashStart ? -1 : 1))
  const bounds = evenBounds(target)
  // Every bound of the target becomes a bound of an open shard …
  let at = 0
  for (const bound of bounds) {
    while (open[at]!.hashEnd < bound) at++
    const { index, hashStart, partition } = open[at]!
    if (hashStart === bound) continue
    open.splice(at, 1, ...edit.split(index, bound, partitions++, { endOffset: end(partition), nowMs }))
  }
  // … and then what lies between two of them becomes one shard.
  const wanted = new Set(bounds)
  let left = open[0]!
  for (const right of open.slice(1)) {
    if (wanted.has(right.hashStart)) {
      left = right
      continue
    }
    left = edit.merge(left.index, right.index, end, nowMs)
    retiredPartitions.push(right.partition)
  }
  return { shards: edit.shards, addedPartitions: partitions - topic.partitions.length, retiredPartitions }
}

/** Where shards of equal width begin, but for the first. */
function evenBounds(count: number): bigint[] {
  const width = (1n << 128n) / BigInt(count)
  return Array.from({ length: count - 1 }, (_, i) => width * BigInt(i + 1))
}
