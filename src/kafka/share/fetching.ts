// The work behind ShareFetch: finds what a member may be handed, reads it, acquires it, and waits where there is nothing. Sessions, acknowledgements and the shape of the
// answer are others'.
import { errorCode } from '../../../protocol/error-code.ts'
import type { Api } from '../../../protocol/schema.ts'
import { type AcquiredRange, mayAcquire } from '../../coordinators/share/acquire.ts'
import { nextOffset, type SharePartitionState } from '../../coordinators/share/partition-state.ts'
import type { Partition } from '../../engine/partition.ts'
import type { FetchResult } from '../../engine/reading.ts'
import type { Context } from '../context.ts'
import { kafkaCode } from '../error-map.ts'
import { findPartition } from '../partitions.ts'
import { shareCodeOf } from './acknowledging.ts'
import { shareGroupConfigs, shareOffsetReset, shareReadsCommitted } from './configs.ts'
import { acquiredPart, readBatches } from './read-batches.ts'
import { type SharePartitionId, type ShareSession, sharePartitionKey } from './sessions.ts'

/** What one partition came to. */
export interface ShareFetched extends SharePartitionId {
  readonly errorCode: number
  readonly records: readonly Buffer[]
  readonly acquired: readonly AcquiredRange[]
}

export interface ShareFetchLimits {
  readonly waitMsMax: number
  readonly bytesMin: number
  readonly bytesMax: number
  readonly recordsMax: number
  readonly batchSize: number
  /** Never a record more than `recordsMax`, even if a batch is cut. */
  readonly strict: boolean
}

interface Candidate extends SharePartitionId {
  readonly partition: Partition
  readonly state: SharePartitionState
  readonly endThen: number
  /** Others were reading it. */
  refused: boolean
}

/** Partitions with records or with an error. Empty when time is up, or the connection has ended. */
export async function acquireOrWait(session: ShareSession, limits: ShareFetchLimits, context: Context<Api>): Promise<ShareFetched[]> {
  const { engine, clock, client, settings, shareGroups, proceed } = context
  const deadlineMs = clock.now() + limits.waitMsMax
  const committedOnly = shareReadsCommitted(engine, settings, session.groupId)
  const { inFlightMax } = shareGroupConfigs(engine, settings, session.groupId)
  const endOf = ({ lastStableOffset, endOffset }: Partition): number => (committedOnly ? lastStableOffset : endOffset)
  const isOpen = ({ partition }: Candidate, state: SharePartitionState): boolean =>
    limits.recordsMax > 0 && mayAcquire(state, endOf(partition), inFlightMax)

  const standing = ({ topicId, index, state }: Candidate): SharePartitionState => shareGroups.peek(session.groupId, topicId, index) ?? state

  for (let isAwake = true; ; ) {
    const { faulty, candidates } = await find(session, context, endOf)
    const isLast = clock.now() >= deadlineMs || client.signal.aborted || !isAwake
    const fetched = client.signal.aborted
      ? []
      : await take(
          candidates.filter((one) => isOpen(one, standing(one))),
          session,
          limits,
          isLast,
          committedOnly,
          context,
        )
    if (faulty.length > 0 || fetched.length > 0 || isLast) return [...faulty, ...fetched]
    proceed()
    const ready = (): boolean =>
      candidates.some((one) => {
        const state = shareGroups.peek(session.groupId, one.topicId, one.index)
        const hasMoved = one.refused || state !== one.state || endOf(one.partition) !== one.endThen
        return state === null || (hasMoved && isOpen(one, state) && !shareGroups.isClaimed(session.groupId, one.topicId, one.index))
      })
    await engine.waiters.park(
      candidates.map(({ partition }) => partition),
      deadlineMs,
      ready,
      client.signal,
    )
    // Time is up, or the broker stops: one last look.
    isAwake = ready()
  }
}

/** The session's partitions, each where the group stands on it. */
async function find(session: ShareSession, context: Context<Api>, endOf: (partition: Partition) => number) {
  const { engine, shareGroups } = context
  const faulty: ShareFetched[] = []
  const candidates: Candidate[] = []
  const wanted = [...session.partitions.values()]
  const found = wanted.map(({ topicId, index }) => findPartition(engine, true, topicId, index))
  await engine.open(found.filter((partition) => typeof partition !== 'number'))
  for (const [at, { topicId, index }] of wanted.entries()) {
    const partition = found[at]!
    const state =
      typeof partition === 'number' ? partition : (shareGroups.peek(session.groupId, topicId, index) ?? (await begin(session, partition, context)))
    if (typeof partition === 'number' || typeof state === 'number')
      faulty.push({ topicId, index, errorCode: state as number, records: [], acquired: [] })
    else candidates.push({ topicId, index, partition, state, endThen: endOf(partition), refused: false })
  }
  return { faulty, candidates }
}

/** Where the group stands on a partition that is not in memory, or is new to the group. */
async function begin({ groupId }: ShareSession, partition: Partition, context: Context<Api>): Promise<SharePartitionState | number> {
  const { shareGroups } = context
  const { id: topicId } = partition.topic
  if (!shareGroups.has(groupId)) return errorCode.GROUP_ID_NOT_FOUND
  const position = await shareGroups.position(groupId, topicId, partition.index)
  if (position) return position
  const { error } = await shareGroups.ask(groupId, topicId, partition.index, {
    verb: 'begin',
    offset: await firstOffset(groupId, partition, context),
  })
  if (error !== 'NONE') return shareCodeOf(error)
  return shareGroups.peek(groupId, topicId, partition.index) ?? errorCode.NOT_LEADER_OR_FOLLOWER
}

async function firstOffset(groupId: string, partition: Partition, { engine, settings, clock }: Context<Api>): Promise<number> {
  const reset = shareOffsetReset(engine, settings, groupId)
  if (reset === 'earliest') return partition.startOffset
  if (reset === 'latest') return partition.endOffset
  return (await engine.offsetForTime(partition, clock.now() - reset.backMs))?.offset ?? partition.endOffset
}

/** Takes its turn at the candidates that nobody else reads, and acquires. */
async function take(
  open: readonly Candidate[],
  session: ShareSession,
  limits: ShareFetchLimits,
  isLast: boolean,
  committedOnly: boolean,
  context: Context<Api>,
): Promise<ShareFetched[]> {
  const candidates: Candidate[] = []
  const ends: (() => void)[] = []
  for (const candidate of open) {
    const end = context.shareGroups.claim(session.groupId, candidate.topicId, candidate.index)
    candidate.refused = end === null
    if (!end) continue
    candidates.push(candidate)
    ends.push(end)
  }
  try {
    return candidates.length === 0 ? [] : await read(candidates, session, limits, isLast, committedOnly, context)
  } finally {
    for (const end of ends) end()
  }
}

/** Reads the candidates and acquires what was read. Nothing where it is too little and there is time left. */
async function read(
  candidates: readonly Candidate[],
  session: ShareSession,
  limits: ShareFetchLimits,
  isLast: boolean,
  committedOnly: boolean,
  context: Context<Api>,
): Promise<ShareFetched[]> {
  const { bytesMax } = limits
  // As it is now that nobody else is at it.
  const stateOf = ({ topicId, index, state }: Candidate) => context.shareGroups.peek(session.groupId, topicId, index) ?? state
  const fromOffset = (one: Candidate): number => Math.max(nextOffset(stateOf(one)), one.partition.startOffset)
  const requests = candidates.map((one) => ({ partition: one.partition, bytesMax, fromOffset: fromOffset(one) }))
  const reads = await context.engine.read(requests, { bytesMax, committedOnly })
  const bytes = reads.reduce((sum, read) => sum + read.bytes, 0)
  // Who hung up meanwhile must not be handed anything.
  if (context.client.signal.aborted || (bytes < limits.bytesMin && !isLast)) return []
  const fetched: ShareFetched[] = []
  let recordsLeft = limits.recordsMax
  for (const [at, candidate] of candidates.entries()) {
    if (recordsLeft <= 0) break
    const one = await acquireRead(candidate, requests[at]!.fromOffset, reads[at]!, session, { ...limits, recordsMax: recordsLeft }, context)
    if (!one) continue
    for (const { first, last } of one.acquired) recordsLeft -= last - first + 1
    fetched.push(one)
  }
  return fetched
}

async function acquireRead(
  { topicId, index, partition }: Candidate,
  readFrom: number,
  read: FetchResult,
  session: ShareSession,
  { recordsMax, batchSize, strict }: ShareFetchLimits,
  { shareGroups, client }: Context<Api>,
): Promise<ShareFetched | null> {
  if (read.error === 'batch-damaged') return { topicId, index, errorCode: kafkaCode[read.error], records: [], acquired: [] }
  if (read.buffers.length === 0) return null
  const { groupId, memberId } = session
  const key = sharePartitionKey({ topicId, index })
  session.touched.set(key, { topicId, index })
  const { error, acquired } = await shareGroups.ask(groupId, topicId, index, {
    verb: 'acquire',
    owner: memberId,
    logStartOffset: partition.startOffset,
    recordsMax,
    strict,
    batchSize: Math.max(1, batchSize),
    readFrom,
    batches: readBatches(read.buffers, read.abortedTransactions),
  })
  if (error !== 'NONE') return { topicId, index, errorCode: shareCodeOf(error), records: [], acquired: [] }
  if (client.signal.aborted) {
    await shareGroups.ask(groupId, topicId, index, { verb: 'release', owner: memberId })
    return null
  }
  if (acquired.length === 0) return null
  // Who got records waits for the others next time.
  const wanted = session.partitions.get(key)
  session.partitions.delete(key)
  if (wanted) session.partitions.set(key, wanted)
  return { topicId, index, errorCode: errorCode.NONE, records: acquiredPart(read.buffers, acquired), acquired }
}
