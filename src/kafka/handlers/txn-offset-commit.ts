// TxnOffsetCommit (28), versions 0-6. v2: leader epochs. v3: flexible, membership (KIP-447). v4: TRANSACTION_ABORTABLE. v5: the group joins the transaction by itself
// (KIP-890). v6: topics by id.
//
// The offsets wait in the group until the transaction ends. As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { txnOffsetCommit } from '../../../protocol/messages/txn-offset-commit.ts'
import type { RequestOf } from '../../../protocol/schema.ts'
import type { OffsetToCommit } from '../../coordinators/group/events.ts'
import type { Part, TransactionError } from '../../coordinators/transaction/events.ts'
import type { Transactions } from '../../coordinators/transaction/transactions.ts'
import type { Context } from '../context.ts'
import { handler } from '../context.ts'
import { producerError } from '../transactions.ts'

type Request = RequestOf<typeof txnOffsetCommit>

export const handleTxnOffsetCommit = handler(
  txnOffsetCommit,
  async (request, context) => {
    const { engine, respond, version } = context
    const offsets: OffsetToCommit[] = []
    const places = request.topics.map((asked) => {
      const topic = version >= 6 ? engine.topics.byId(asked.topicId) : engine.topics.get(asked.name)
      const unknown = !topic && version >= 6 ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION
      return asked.partitions.map(({ partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata: metadata }) => {
        if (!topic?.partitions[partitionIndex]) return { unknown }
        offsets.push({ topicId: topic.id, partition: partitionIndex, offset, leaderEpoch, metadata })
        return { at: offsets.length - 1 }
      })
    })
    const told = offsets.length > 0 ? await commit(request, offsets, context) : { code: errorCode.NONE, codes: [] }
    const topics = request.topics.map(({ name, topicId, partitions }, t) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }, p) => {
        const place = places[t]![p]!
        if ('unknown' in place) return { partitionIndex, errorCode: place.unknown as number }
        return { partitionIndex, errorCode: told.code === errorCode.NONE ? told.codes[place.at]! : told.code }
      }),
    }))
    return respond(
      { throttleTimeMs: 0, topics },
      topics.flatMap(({ partitions }) => partitions).find((p) => p.errorCode !== errorCode.NONE)?.errorCode,
    )
  },
  {
    refuse: (refused, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: refused.errorCode })),
      })),
    }),
  },
)

async function commit(
  request: Request,
  offsets: OffsetToCommit[],
  context: Context<typeof txnOffsetCommit>,
): Promise<{ code: number; codes: number[] }> {
  const { transactions, groups, version } = context
  const { transactionalId, groupId, producerId, producerEpoch } = request
  if (groupId === '') return { code: errorCode.INVALID_GROUP_ID, codes: [] }
  const part = { producerId, producerEpoch, partitions: [], groups: [groupId] }
  await groups.load(groupId)
  const joined = await join(transactions, transactionalId, part, version)
  if (joined !== 'NONE') return { code: inVersion(joined, version), codes: [] }
  const told = await groups.submit(groupId, {
    verb: 'commit',
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    generation: request.generationIdOrMemberEpoch,
    tellsUnknownGroup: false,
    expiresMs: null,
    committedMs: null,
    producerId,
    offsets,
  })
  // It may have ended meanwhile, by its timeout, or the join was not stored; what came after its end must not become part of the next one.
  const still = await transactions.add(transactionalId, { ...part, verifyOnly: true })
  if (still.error !== 'NONE') {
    await groups.submit(groupId, { verb: 'drop-pending', producerId })
    return { code: inVersion(still.error, version), codes: [] }
  }
  return { code: errorCode[told.error], codes: told.offsets.map((error) => errorCode[error]) }
}

/** Before v5 the client has added the group itself. From then on it joins here, in one commit with the offsets: nobody waits for it by itself. */
async function join(transactions: Transactions, transactionalId: string, part: Part, version: number): Promise<TransactionError> {
  for (;;) {
    const standing = transactions.standing(transactionalId, part)
    if (standing === 'TRANSACTION_ABORTABLE' && version >= 5) {
      transactions.join(transactionalId, part)
      return 'NONE'
    }
    if (standing !== null) return standing
    const error = await transactions.settled(transactionalId)
    if (error !== 'NONE') return error
  }
}

function inVersion(error: TransactionError, version: number): number {
  if (error === 'TRANSACTION_ABORTABLE') return version >= 4 ? errorCode.TRANSACTION_ABORTABLE : errorCode.INVALID_TXN_STATE
  // This API never learned the newer name.
  return producerError(error, false)
}
