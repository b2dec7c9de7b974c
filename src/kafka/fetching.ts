// The work behind Fetch: finds partitions, reads them within the limits, and waits for more where there is too little. Sessions and the shape of the answer are others'.

import { errorCode } from '../../protocol/error-code.ts'
import type { Api } from '../../protocol/schema.ts'
import type { Engine } from '../engine/engine.ts'
import type { Partition } from '../engine/partition.ts'
import type { AbortedTransaction, FetchResult } from '../engine/reading.ts'
import type { Loans } from '../lent-memory.ts'
import type { Context } from './context.ts'
import { kafkaCode } from './error-map.ts'
import type { PartitionNews, WantedPartition } from './fetch-sessions.ts'
import { findPartition, leaderEpochFault } from './partitions.ts'

/** What one partition came to. */
export interface Fetched extends PartitionNews {
  readonly wanted: WantedPartition
  readonly lastStableOffset: number
  /** Whole batches, views of what is stored. */
  readonly records: readonly Buffer[]
  readonly aborted: readonly AbortedTransaction[]
  /** Where the client's history and ours part (KIP-595); null if they do not. */
  readonly divergence: { readonly epoch: number; readonly endOffset: number } | null
}

export interface FetchRules {
  readonly context: Context<Api>
  /** Topics are named by id. */
  readonly byId: boolean
  /** Only up to the last stable offset. */
  readonly committedOnly: boolean
  /** What a topic was called that may be gone; see FetchScope. */
  nameOf(wanted: WantedPartition): string | null
  readonly bytesMax: number
  readonly bytesMin: number
  readonly waitMsMax: number
  /** What records are copied into. */
  readonly memory: Loans
}

/** A partition that can be read, and where it stands in the answer. */
interface Readable {
  readonly at: number
  readonly wanted: WantedPartition
  readonly partition: Partition
  /** At the first read: what there was for this fetch, and where the partition stood. */
  bytesThen: number
  partitionBytesThen: number
  endThen: number
}

const none: readonly never[] = []

/** The limits of a request, within those of the broker. */
export function fetchLimits(
  request: { maxBytes: number; minBytes: number; maxWaitMs: number },
  { settings, answers }: Context<Api>,
): { bytesMax: number; bytesMin: number; waitMsMax: number } {
  // Where clients are slow to take their answers, each new one is as small as the protocol allows: a batch.
  const room = answers.bytesMax - answers.bytes
  const bytesMax = request.maxBytes < 0 ? request.maxBytes : Math.max(1, Math.min(request.maxBytes, settings.get('fetch.max.bytes'), room))
  return { bytesMax, bytesMin: Math.min(request.minBytes, bytesMax), waitMsMax: request.maxWaitMs }
}

/** One result for each wanted partition, in order. Waits, once, until there is enough, something is wrong, time is up, or the connection ends. */
export async function readOrWait(wanted: readonly WantedPartition[], rules: FetchRules): Promise<Fetched[]> {
  const { engine, clock, client, proceed } = rules.context
  const deadlineMs = clock.now() + rules.waitMsMax
  const { results, readable } = plan(wanted, rules)
  await read(readable, results, rules)
  if (readable.length === 0 || rules.waitMsMax <= 0 || enough(results, rules.bytesMin)) return results
  proceed()
  rules.memory.giveBack()
  const partitions = readable.map(({ partition }) => partition)
  await engine.waiters.park(partitions, deadlineMs, () => mayAnswer(readable, rules), client.signal)
  // From the start: topics may have gone meanwhile.
  const again = plan(wanted, rules)
  await read(again.readable, again.results, rules)
  return again.results
}

/** Finds the partitions. Those that cannot be read have their result at once. */
function plan(
  wanted: readonly WantedPartition[],
  { context: { engine }, byId, nameOf, bytesMax }: FetchRules,
): { results: Fetched[]; readable: Readable[] } {
  const readable: Readable[] = []
  const results = wanted.map((one, at) => {
    const partition = findPartition(engine, byId, one.topic, one.index)
    if (typeof partition === 'number') return faulty(one, partition === errorCode.UNKNOWN_TOPIC_ID ? codeOfGone(engine, nameOf(one)) : partition)
    const fault = leaderEpochFault(partition, one.currentLeaderEpoch)
    if (fault !== errorCode.NONE) return faulty(one, fault)
    // As Kafka, to which such a limit is an unexpected fault.
    if (one.bytesMax < 0 || bytesMax < 0) return faulty(one, errorCode.UNKNOWN_SERVER_ERROR)
    // No leader before this one could have written what the client says that it has.
    if (one.lastFetchedEpoch > partition.leaderEpoch) return faulty(one, errorCode.OFFSET_OUT_OF_RANGE)
    readable.push({ at, wanted: one, partition, bytesThen: 0, partitionBytesThen: 0, endThen: 0 })
    return faulty(one, errorCode.NONE)
  })
  return { results, readable }
}

/** As Kafka: a session that knew the topic by name is told whether that is gone too, or means another topic now. */
function codeOfGone(engine: Engine, name: string | null): number {
  if (name === null) return errorCode.UNKNOWN_TOPIC_ID
  return engine.topics.get(name) ? errorCode.INCONSISTENT_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION
}

async function read(readable: readonly Readable[], results: Fetched[], { context, committedOnly, bytesMax, memory }: FetchRules): Promise<void> {
  if (readable.length === 0) return
  const requests = readable.map(({ wanted, partition }) => ({ partition, fromOffset: wanted.fetchOffset, bytesMax: wanted.bytesMax }))
  const answers = await context.engine.read(requests, { bytesMax, committedOnly, memory })
  for (let i = 0; i < readable.length; i++) {
    const one = readable[i]!
    const answer = answers[i]!
    one.bytesThen = answer.bytes
    one.partitionBytesThen = one.partition.bytes
    one.endThen = committedOnly ? answer.lastStableOffset : answer.endOffset
    results[one.at] = fetched(one, answer)
  }
}

function fetched({ wanted, partition }: Readable, answer: FetchResult): Fetched {
  const { lastStableOffset, startOffset, endOffset } = answer
  const diverging = wanted.lastFetchedEpoch >= 0 && wanted.fetchOffset > endOffset
  // As Kafka: an offset outside the log is refused without a word about where the log begins and ends.
  if (answer.error !== null && !diverging) return faulty(wanted, kafkaCode[answer.error])
  return {
    wanted,
    errorCode: errorCode.NONE,
    bytes: answer.bytes,
    highWatermark: endOffset,
    lastStableOffset,
    logStartOffset: startOffset,
    records: answer.buffers,
    aborted: answer.abortedTransactions,
    topicName: partition.topic.name,
    diverging,
    divergence: diverging ? { epoch: partition.leaderEpoch, endOffset } : null,
  }
}

function faulty(wanted: WantedPartition, code: number): Fetched {
  return {
    wanted,
    errorCode: code,
    bytes: 0,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    records: none,
    aborted: none,
    topicName: null,
    diverging: false,
    divergence: null,
  }
}

function enough(results: readonly Fetched[], bytesMin: number): boolean {
  let bytes = 0
  for (const result of results) {
    if (result.errorCode !== errorCode.NONE || result.diverging) return true
    bytes += result.bytes
  }
  return bytes >= bytesMin
}

/** Is it worth looking again? Bytes are estimated by the growth of the partition since the first look: reading them to count them would cost more. */
function mayAnswer(readable: readonly Readable[], { committedOnly, bytesMin }: FetchRules): boolean {
  let bytes = 0
  for (const { wanted, partition, bytesThen, partitionBytesThen, endThen } of readable) {
    if (partition.startOffset > wanted.fetchOffset) return true
    const end = committedOnly ? partition.lastStableOffset : partition.endOffset
    const grown = end > endThen ? Math.max(1, partition.bytes - partitionBytesThen) : 0
    // A first batch is answered whatever the client's limit (KIP-74).
    bytes += Math.min(bytesThen + grown, Math.max(wanted.bytesMax, 1))
    if (bytes > 0 && bytes >= bytesMin) return true
  }
  return false
}
