// ListOffsets (2), versions 0-11. v0: a list of offsets before a time. v1: one offset with its time. v2: isolation level, throttle time. v4: leader epoch (KIP-320). v6: flexible.
// v7: the record with the largest timestamp (-3, KIP-734). v8: the earliest local offset (-4). v9: the latest tiered offset (-5). v10: a timeout for remote storage. v11: the earliest offset
// that waits for upload (-6).
//
// A time finds the first record at or after it, inside its batch. There is no second tier: -4 is the log's start, -5 and -6 find nothing.
//
// Differs from Apache Kafka 4.4: version 0 is served, as 3.9 did, but lists at most the log's end and start: where segments begin is no business of a client's. The
// largest timestamp is that of a record that can still be read; Kafka may name one that DeleteRecords took.

import { errorCode } from '../../../protocol/error-code.ts'
import { listOffsets } from '../../../protocol/messages/list-offsets.ts'
import type { Api, RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import type { Partition } from '../../engine/partition.ts'
import type { FoundOffset } from '../../engine/reading.ts'
import { type Context, handler } from '../context.ts'
import { refusedBy } from '../error-map.ts'
import { readsCommitted } from '../isolation.ts'
import { findPartition, leaderEpochFault } from '../partitions.ts'

type PartitionRequest = RequestOf<typeof listOffsets>['topics'][number]['partitions'][number]
type PartitionAnswer = ResponseInput<typeof listOffsets>['topics'][number]['partitions'][number]

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6
/** The first version that may ask for each of the special times. */
const sinceVersion = new Map([
  [maxTimestamp, 7],
  [earliestLocal, 8],
  [latestTiered, 9],
  [earliestPendingUpload, 11],
])
const nothing: FoundOffset = { offset: -1, timestampMs: -1, leaderEpoch: -1 }

export const handleListOffsets = handler(
  listOffsets,
  async (request, context) => {
    const { logger, version, turns, respond } = context
    const committedOnly = readsCommitted(request.isolationLevel)
    let firstError: number = errorCode.NONE
    const topics = []
    for (const { name, partitions } of request.topics) {
      // As Kafka: a topic of which nothing is asked is not in the answer, and a partition that is asked for twice is there once, refused.
      if (partitions.length === 0) continue
      const answers: PartitionAnswer[] = []
      for (const [partition, twice] of onceEach(partitions)) {
        if (turns.over) await turns.next()
        const answer = twice ? failed(partition, errorCode.INVALID_REQUEST) : await answerOf(name, partition)
        if (firstError === errorCode.NONE) firstError = answer.errorCode
        answers.push(answer)
      }
      topics.push({ name, partitions: answers })
    }
    return respond({ throttleTimeMs: 0, topics }, firstError)

    async function answerOf(name: string, request: PartitionRequest): Promise<PartitionAnswer> {
      const partition = findPartition(context.engine, false, name, request.partitionIndex)
      if (typeof partition === 'number') return failed(request, partition)
      const fault = leaderEpochFault(partition, request.currentLeaderEpoch)
      if (fault !== errorCode.NONE) return failed(request, fault)
      if (version < firstVersionOf(request.timestamp)) return failed(request, errorCode.UNSUPPORTED_VERSION)
      try {
        const found = await find(context, partition, request.timestamp, committedOnly)
        const oldStyleOffsets = version === 0 ? before(partition, request, found) : []
        const { offset, timestampMs, leaderEpoch } = found
        return { partitionIndex: request.partitionIndex, errorCode: errorCode.NONE, oldStyleOffsets, timestamp: timestampMs, offset, leaderEpoch }
      } catch (error) {
        const known = refusedBy(error)
        if (!known) logger.error('list offsets failed', { error })
        return failed(request, known?.errorCode ?? errorCode.UNKNOWN_SERVER_ERROR)
      }
    }
  },
  {
    refuse: ({ errorCode: code }, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({ name, partitions: partitions.map((partition) => failed(partition, code)) })),
    }),
  },
)

/** Other negative times mean something that is not known yet. */
function firstVersionOf(timestamp: number): number {
  return sinceVersion.get(timestamp) ?? (timestamp < earliest ? Number.POSITIVE_INFINITY : 0)
}

/** Each partition's first request, and whether there are more. */
function onceEach(partitions: readonly PartitionRequest[]): [PartitionRequest, boolean][] {
  const first = new Map<number, [PartitionRequest, boolean]>()
  for (const partition of partitions) {
    const before = first.get(partition.partitionIndex)
    if (before) before[1] = true
    else first.set(partition.partitionIndex, [partition, false])
  }
  return [...first.values()]
}

async function find({ engine }: Context<Api>, partition: Partition, timestamp: number, committedOnly: boolean): Promise<FoundOffset> {
  await engine.open([partition])
  const { leaderEpoch } = partition
  switch (timestamp) {
    case latest:
      return { offset: committedOnly ? partition.lastStableOffset : partition.endOffset, timestampMs: -1, leaderEpoch }
    case earliest:
    case earliestLocal:
      return { offset: partition.startOffset, timestampMs: -1, leaderEpoch }
    case maxTimestamp:
      return (await engine.offsetOfMaxTimestamp(partition)) ?? nothing
    case latestTiered:
    case earliestPendingUpload:
      return nothing
    default:
      return (await engine.offsetForTime(partition, timestamp, committedOnly)) ?? nothing
  }
}

/** Version 0: offsets before the time, newest first, of which the client wants only so many. */
function before({ startOffset, endOffset }: Partition, { timestamp, maxNumOffsets }: PartitionRequest, found: FoundOffset): number[] {
  const newest = timestamp >= 0 && found.offset === -1 ? endOffset : found.offset
  return [...new Set([newest, startOffset])].filter((offset) => offset >= startOffset).slice(0, Math.max(0, maxNumOffsets))
}

function failed({ partitionIndex }: PartitionRequest, code: number): PartitionAnswer {
  return { partitionIndex, errorCode: code, oldStyleOffsets: [], timestamp: -1, offset: -1, leaderEpoch: -1 }
}
