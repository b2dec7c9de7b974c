// Fetch (1), versions 0-18. v1: throttle time. v2, v3: message format 1; v3: a limit for the whole answer, and the order of partitions matters (KIP-74). v4: message format 2, isolation level,
// aborted transactions. v5: log start offset. v7: sessions (KIP-227). v9: leader epoch (KIP-320). v10: zstd. v11: rack (KIP-392), of no effect with one node. v12: flexible, last fetched
// epoch. v13: topic ids. v15-v18: for followers.
//
// Parks until there are min bytes over all partitions, at most max wait, and answers at once where a partition has an error. Parked, it lets the next request of the connection
// start. Answers hold views of what is in memory; what has to be copied lies in memory that is used again.
//
// Differs from Apache Kafka 4.4:
// - Versions 0-3 are served, as 3.9 did: batches are converted to message sets.
// - Any partition's error ends the wait; Kafka waits on where only topics are unknown and others are fine.
// - A partition that stands twice in a request gets two answers; Kafka takes the last of them.
// - A negative limit is refused at once; Kafka comes upon it where there is something to read.
// - A follower's request is answered like a consumer's: there are no followers. Kafka says NOT_LEADER_OR_FOLLOWER to one that it does not know.
// - Sessions: one that is in use is never thrown out for another; where there is no room the answer has none.

import { errorCode } from '../../../protocol/error-code.ts'
import { fetch } from '../../../protocol/messages/fetch.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { Loans } from '../../lent-memory.ts'
import { handler } from '../context.ts'
import { forOldVersion, isOldVersion } from '../fetch-records.ts'
import type { FetchScope, FetchSessionRequest, WantedPartition } from '../fetch-sessions.ts'
import { type Fetched, type FetchRules, fetchLimits, readOrWait } from '../fetching.ts'
import { readsCommitted } from '../isolation.ts'
import { findPartition } from '../partitions.ts'

type Request = RequestOf<typeof fetch>
type TopicAnswer = ResponseInput<typeof fetch>['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

const idsSince = 13
const noEpochEnd = { epoch: -1, endOffset: -1 }
const noLeader = { leaderId: -1, leaderEpoch: -1 }
const noSnapshot = { endOffset: -1, epoch: -1 }

export const handleFetch = handler(
  fetch,
  async (request, context) => {
    const { version, clock, fetchSessions, respond } = context
    const scope = fetchSessions.open(sessionRequestOf(request, version), clock.now())
    if (scope.errorCode !== errorCode.NONE) return respond({ throttleTimeMs: 0, errorCode: scope.errorCode, responses: [] })
    const committedOnly = readsCommitted(request.isolationLevel)
    const memory = new Loans(context.memory)
    const rules: FetchRules = { context, byId: version >= idsSince, committedOnly, nameOf: scope.nameOf, memory, ...fetchLimits(request, context) }
    const found = await readOrWait(scope.wanted, rules)
    const results = isOldVersion(version) ? await inOldVersion(found, version, rules) : found
    const firstError = results.find((result) => result.errorCode !== errorCode.NONE)
    const responses = topicsOf(scope, results, version, committedOnly)
    return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, sessionId: scope.finish(), responses }, firstError?.errorCode, memory)
  },
  // Answers are large: the next fetch of a client that pipelines them waits for this one's answer, as in Kafka.
  {
    alone: true,
    // As Kafka: where topics come by their ids the error at the top says it all, older clients look for it at each partition.
    refuse: ({ errorCode: code }, { sessionId, topics }) => ({
      throttleTimeMs: 0,
      errorCode: code,
      sessionId,
      responses: topics
        .filter(({ topicId }) => topicId === zeroUuid)
        .map(({ topic, topicId, partitions }) => ({
          topic,
          topicId,
          partitions: partitions.map(({ partition }) => failedPartition(partition, code)),
        })),
    }),
  },
)

/** Whole fetches of versions without sessions are the same as "no session". */
function sessionRequestOf({ sessionId, sessionEpoch, topics, forgottenTopicsData }: Request, version: number): FetchSessionRequest {
  const byId = version >= idsSince
  const wanted: WantedPartition[] = []
  for (const { topic, topicId, partitions } of topics) {
    for (const { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch } of partitions) {
      const key = byId ? topicId : topic
      wanted.push({ topic: key, index: partition, fetchOffset, bytesMax: partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch })
    }
  }
  const forgotten = forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((index) => ({ topic: byId ? topicId : topic, index })),
  )
  return { sessionId, sessionEpoch, byId, wanted, forgotten }
}

/** One after the other: converting takes memory. */
async function inOldVersion(found: readonly Fetched[], version: number, { context, byId, committedOnly }: FetchRules): Promise<Fetched[]> {
  const { engine, logger } = context
  const converted: Fetched[] = []
  for (const fetched of found) {
    const partition = findPartition(engine, byId, fetched.wanted.topic, fetched.wanted.index)
    const readOn = async (fromOffset: number): Promise<readonly Buffer[]> => {
      if (typeof partition === 'number') return []
      const [result] = await engine.read([{ partition, fromOffset, bytesMax: fetched.wanted.bytesMax }], {
        bytesMax: Number.MAX_SAFE_INTEGER,
        committedOnly,
      })
      return result?.buffers ?? []
    }
    converted.push(await forOldVersion(version, fetched, readOn, logger))
  }
  return converted
}

/** The partitions that the session has to be told of, by topic. */
function topicsOf(scope: FetchScope, results: readonly Fetched[], version: number, committedOnly: boolean): TopicAnswer[] {
  const byTopic = new Map<string, PartitionAnswer[]>()
  for (const result of results) {
    const { topic } = result.wanted
    if (!scope.tells(result.wanted, result)) continue
    const answer = partitionOf(result, committedOnly)
    const partitions = byTopic.get(topic)
    if (partitions) partitions.push(answer)
    else byTopic.set(topic, [answer])
  }
  const byId = version >= idsSince
  return [...byTopic].map(([topic, partitions]) => ({ topic: byId ? '' : topic, topicId: byId ? topic : zeroUuid, partitions }))
}

const isUnknown = (code: number): boolean => code === errorCode.UNKNOWN_TOPIC_OR_PARTITION || code === errorCode.UNKNOWN_TOPIC_ID

const failedPartition = (partitionIndex: number, code: number): PartitionAnswer => ({
  partitionIndex,
  errorCode: code,
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  divergingEpoch: noEpochEnd,
  currentLeader: noLeader,
  snapshotId: noSnapshot,
  abortedTransactions: [],
  preferredReadReplica: -1,
  records: [],
})

function partitionOf(fetched: Fetched, committedOnly: boolean): PartitionAnswer {
  const { wanted, errorCode: code, highWatermark, lastStableOffset, logStartOffset, divergence, aborted, records } = fetched
  return {
    partitionIndex: wanted.index,
    errorCode: code,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    divergingEpoch: divergence ?? noEpochEnd,
    currentLeader: noLeader,
    snapshotId: noSnapshot,
    // Null says that nobody asked; as Kafka, never of a partition that is not there.
    abortedTransactions: committedOnly || isUnknown(code) ? [...aborted] : null,
    preferredReadReplica: -1,
    records,
  }
}
