// ShareFetch (78), versions 1-2. Records are acquired for a member of a share group: it holds them for a while, and says here or in ShareAcknowledge what became of
// earlier ones. v2: never a record more than asked for (KIP-1206), renewed holds (KIP-1222). Parks until there is something, at most max wait. KIP-932.
//
// Differs from Apache Kafka 4.4:
// - Control records, aborted transactions and what compaction removed between batches are settled at once instead of being handed out as gaps.
// - A record that was delivered several times in vain is not fetched alone: the whole of what was asked for is handed out as long as its limit allows.
// - An unknown acquire mode is refused with INVALID_REQUEST; Kafka answers UNKNOWN_SERVER_ERROR.
// - The group's first look at a partition is stored: what is produced after it is never missed, whatever happens before the first acknowledgement.

import { errorCode } from '../../../protocol/error-code.ts'
import { shareFetch } from '../../../protocol/messages/share-fetch.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { handler, Refusal } from '../context.ts'
import { fetchLimits } from '../fetching.ts'
import { requireProtocol } from '../group-kinds.ts'
import { type Acknowledged, acknowledgeAll, byPartition, releaseSession } from '../share/acknowledging.ts'
import { shareLockMs } from '../share/configs.ts'
import { acquireOrWait, type ShareFetched } from '../share/fetching.ts'
import { checkIds } from '../share/ids.ts'
import { finalEpoch, initialEpoch, type SharePartitionId, sharePartitionKey } from '../share/sessions.ts'

type Request = RequestOf<typeof shareFetch>
type TopicAnswer = ResponseInput<typeof shareFetch>['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]

/** KIP-1206's acquire modes: whole batches, or never a record more than asked for. */
const byBatches = 0
const byRecords = 1
const noLeader = { leaderId: 0, leaderEpoch: 0 }

export const handleShareFetch = handler(
  shareFetch,
  async (request, context) => {
    const { engine, settings, shareGroups, shareSessions, client, respond } = context
    requireProtocol(engine, 'share')
    const { groupId, memberId } = checkIds(request)
    checkRenewal(request)
    checkMode(request)
    const epoch = request.shareSessionEpoch
    const wanted = request.topics.flatMap(({ topicId, partitions }) => partitions.map(({ partitionIndex: index }) => ({ topicId, index })))
    const forgotten = request.forgottenTopicsData.flatMap(({ topicId, partitions }) => partitions.map((index) => ({ topicId, index })))
    const acknowledges = request.topics.some(({ partitions }) => partitions.some((one) => one.acknowledgementBatches.length > 0))
    const session = shareSessions.open({ groupId, memberId, epoch, wanted, forgotten, acknowledges }, client)
    if (typeof session === 'number') throw new Refusal(session)

    const acknowledged = await acknowledgeAll(context, session, request.topics, request.isRenewAck)
    let fetched: readonly ShareFetched[] = []
    if (epoch === finalEpoch) {
      shareSessions.end(session)
      await releaseSession(shareGroups, session)
    } else if (!request.isRenewAck) {
      const limits = fetchLimits(request, context)
      const { maxRecords: recordsMax, batchSize } = request
      const strict = request.shareAcquireMode === byRecords
      // What was acknowledged is told at once where there is nothing to fetch: the client waits for it.
      const waitMsMax = acknowledged.length > 0 ? 0 : limits.waitMsMax
      fetched = await acquireOrWait(session, { ...limits, waitMsMax, recordsMax, batchSize, strict }, context)
    }
    const firstError = [...acknowledged, ...fetched].find((one) => one.errorCode !== errorCode.NONE)
    return respond(
      {
        throttleTimeMs: 0,
        errorCode: errorCode.NONE,
        acquisitionLockTimeoutMs: shareLockMs(engine, settings, groupId),
        responses: topicsOf(epoch === initialEpoch ? withIdle(fetched, wanted) : fetched, acknowledged),
        nodeEndpoints: [],
      },
      firstError?.errorCode,
    )
  },
  { alone: true },
)

/** A request that renews holds does nothing else (KIP-1222). */
function checkRenewal({ isRenewAck, maxBytes, minBytes, maxRecords, maxWaitMs }: Request): void {
  if (!isRenewAck) return
  const wrong = Object.entries({ maxBytes, minBytes, maxRecords, maxWaitMs }).find(([, value]) => value !== 0)
  if (wrong) throw new Refusal(errorCode.INVALID_REQUEST, `A request that renews acknowledgements must have ${wrong[0]} = 0.`)
}

function checkMode({ shareAcquireMode: mode }: Request): void {
  if (mode !== byBatches && mode !== byRecords) throw new Refusal(errorCode.INVALID_REQUEST, `There is no share acquire mode ${mode}.`)
}

/** The first answer of a session names every partition, whether there is something or not. */
function withIdle(fetched: readonly ShareFetched[], wanted: readonly SharePartitionId[]): ShareFetched[] {
  const told = new Set(fetched.map(sharePartitionKey))
  const idle = wanted.filter((id) => !told.has(sharePartitionKey(id)))
  return [...fetched, ...idle.map((id) => ({ ...id, errorCode: errorCode.NONE, records: [], acquired: [] }))]
}

function topicsOf(fetched: readonly ShareFetched[], acknowledged: readonly Acknowledged[]): TopicAnswer[] {
  const outcomes = byPartition(acknowledged)
  const topics = new Map<string, PartitionAnswer[]>()
  const tell = (id: SharePartitionId, got: ShareFetched | null): void => {
    const outcome = outcomes.get(sharePartitionKey(id))
    outcomes.delete(sharePartitionKey(id))
    const answer: PartitionAnswer = {
      partitionIndex: id.index,
      errorCode: got?.errorCode ?? errorCode.NONE,
      acknowledgeErrorCode: outcome?.errorCode ?? errorCode.NONE,
      acknowledgeErrorMessage: outcome?.errorMessage ?? null,
      currentLeader: noLeader,
      records: got?.records ?? [],
      acquiredRecords: (got?.acquired ?? []).map(({ first, last, deliveryCount }) => ({ firstOffset: first, lastOffset: last, deliveryCount })),
    }
    const partitions = topics.get(id.topicId)
    if (partitions) partitions.push(answer)
    else topics.set(id.topicId, [answer])
  }
  for (const one of fetched) tell(one, one)
  for (const one of [...outcomes.values()]) tell(one, null)
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }))
}
