// Produce (0), versions 0-13. v1: throttle time. v2: log append time. v3: message format 2 only, one batch for each partition, transactional ids. v4: storage errors. v5: log
// start offset. v7: zstd. v8: which records are at fault, and why (KIP-467). v9: flexible. v10: the leader, after NOT_LEADER_OR_FOLLOWER (KIP-951). v11, v12: transactions
// (KIP-890). v13: topic ids.
//
// The place of the batches in the log is fixed before the next request of the connection starts; the answer follows their commit, with every acks but 0. With acks=0 there is
// no answer, and an error closes the connection.
//
// Differs from Apache Kafka 4.4:
// - Versions 0-2 are served, as 3.9 did: their message sets are stored as record batches.
// - acks=1 waits for the commit like acks=all: one node, and acknowledged means on disk.
// - A null for records is refused with INVALID_RECORD; Kafka never answers.
// - A partition that stands twice in a request gets both batches and two answers; Kafka takes one of them.
// - Errors carry a message from v8 on, where Kafka leaves most of them without one.
//
// As in Apache Kafka since 3.5, min.insync.replicas above the number of replicas, which is one, asks for no more than there are: acks=all is never refused for it.

import { errorCode } from '../../../protocol/error-code.ts'
import { produce } from '../../../protocol/messages/produce.ts'
import { RecordsRefused } from '../../../protocol/records/refusal.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import { EngineError } from '../../engine/errors.ts'
import type { AppendedWaiter, Partition } from '../../engine/partition.ts'
import { handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'
import { findPartition } from '../partitions.ts'
import { appendTerms, batchesOf, claimsTransaction } from '../produce-records.ts'
import { checkTransaction, enterTransaction, mustVerify, type ProducedPart } from '../produce-transaction.ts'

type Request = RequestOf<typeof produce>
type TopicAnswer = ResponseInput<typeof produce>['responses'][number]
type PartitionAnswer = TopicAnswer['partitionResponses'][number]

/** One partition's part of a request. */
interface Part extends ProducedPart {
  readonly index: number
}

/** The answers of a request, in the order of its parts, once all are there: one promise for hundreds of appends. */
class Answers {
  readonly #answers: PartitionAnswer[]
  readonly #done: (answers: PartitionAnswer[]) => void
  #missing: number

  constructor(count: number, done: (answers: PartitionAnswer[]) => void) {
    this.#answers = new Array(count)
    this.#missing = count
    this.#done = done
    if (count === 0) done(this.#answers)
  }

  set(at: number, answer: PartitionAnswer): void {
    this.#answers[at] = answer
    if (--this.#missing === 0) this.#done(this.#answers)
  }
}

type Refusing = (index: number, error: unknown, logStartOffset: number) => PartitionAnswer

/** Who waits for one part's append, as one object. */
class Appending implements AppendedWaiter {
  readonly #index: number
  readonly #partition: Partition
  readonly #at: number
  readonly #answers: Answers
  readonly #refused: Refusing

  constructor(index: number, partition: Partition, at: number, answers: Answers, refused: Refusing) {
    this.#index = index
    this.#partition = partition
    this.#at = at
    this.#answers = answers
    this.#refused = refused
  }

  stored(baseOffset: number, logAppendTimeMs: number): void {
    this.#answers.set(this.#at, stored(this.#index, baseOffset, logAppendTimeMs, this.#partition.startOffset))
  }

  failed(error: unknown): void {
    this.#answers.set(this.#at, this.#refused(this.#index, error, this.#partition.startOffset))
  }
}

const noLeader = { leaderId: -1, leaderEpoch: -1 }
const noOffset = -1
const noFaults: PartitionAnswer['recordErrors'] = []

export const handleProduce = handler(
  produce,
  async (request, { version, engine, transactions, settings, logger, lent, proceed, respond, silence, hangUp }) => {
    const refusal = refusalOf(request)
    const parts = partsOf(engine, version, request)
    const { transactionalId } = request
    // The one wait before the order is fixed; nothing behind this request starts until then.
    for (let notYet: Promise<unknown> | null; !refusal && (notYet = whatIsMissing()); ) await notYet

    const terms = { ...appendTerms(version), reusable: lent }
    const answers = await new Promise<PartitionAnswer[]>((done) => {
      const collected = new Answers(parts.length, done)
      for (let i = 0; i < parts.length; i++) append(parts[i]!, i, collected)
      proceed()
    })
    const firstError = answers.find((answer) => answer.errorCode !== errorCode.NONE)
    if (request.acks === 0) return firstError ? hangUp(`a produce with acks=0 failed: ${firstError.errorMessage}`) : silence()

    let next = 0
    const responses: TopicAnswer[] = request.topicData.map(({ name, topicId, partitionData }) => {
      const from = next
      next += partitionData.length
      return { name, topicId, partitionResponses: answers.slice(from, next) }
    })
    return respond({ responses }, firstError?.errorCode)

    /** Null where the appends may be handed over in this turn. */
    function whatIsMissing(): Promise<unknown> | null {
      for (const { partition } of parts) {
        if (typeof partition === 'number') continue
        if (!partition.opened) return partition.open()
        if (transactionalId !== null && partition.held) return partition.held
      }
      if (transactionalId === null || !mustVerify(version, settings)) return null
      return enterTransaction(transactions, transactionalId, parts, version)
    }

    function append(part: Part, at: number, collected: Answers): void {
      const { index, records, partition } = part
      try {
        if (refusal) throw refusal
        if (typeof partition === 'number') throw new Refusal(partition, 'This server does not host this topic-partition.')
        const batches = batchesOf(records, version, partition.topic)
        if (claimsTransaction(batches)) checkTransaction(transactionalId, part, batches, version)
        engine.appendFor(partition, batches, terms, new Appending(index, partition, at, collected, refused))
      } catch (error) {
        collected.set(at, refused(index, error))
      }
    }

    /** With a start offset producers can tell records that were deleted from records that were lost (KIP-360). */
    function refused(index: number, error: unknown, logStartOffset = noOffset): PartitionAnswer {
      const known = refusedBy(error)
      if (!known) logger.error('produce failed', { error })
      return {
        index,
        errorCode: codeInVersion(known?.errorCode ?? errorCode.UNKNOWN_SERVER_ERROR, version),
        baseOffset: noOffset,
        logStartOffset,
        recordErrors: faultsOf(error),
        errorMessage: known?.errorMessage ?? null,
        currentLeader: noLeader,
      }
    }
  },
  {
    lendable: true,
    refuse: (refused, { topicData }) => ({
      responses: topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => ({
          index,
          errorCode: refused.errorCode,
          baseOffset: noOffset,
          recordErrors: [],
          errorMessage: refused.errorMessage,
          currentLeader: noLeader,
        })),
      })),
    }),
  },
)

/** What is wrong with the request as a whole. */
function refusalOf({ acks, transactionalId }: Request): Refusal | null {
  if (acks !== 0 && acks !== 1 && acks !== -1) return new Refusal(errorCode.INVALID_REQUIRED_ACKS, `acks=${acks}: 0, 1 and -1 (all) exist.`)
  // Without authorization rules every id may be used; an empty one is none.
  return transactionalId === '' ? new Refusal(errorCode.INVALID_REQUEST, 'An empty transactional id.') : null
}

function partsOf(engine: Engine, version: number, { topicData }: Request): Part[] {
  const byId = version >= 13
  const parts: Part[] = []
  for (const { name, topicId, partitionData } of topicData) {
    for (const { index, records } of partitionData)
      parts.push({ index, records, partition: findPartition(engine, byId, byId ? topicId : name, index) })
  }
  return parts
}

function stored(index: number, baseOffset: number, logAppendTimeMs: number, logStartOffset: number): PartitionAnswer {
  return { index, errorCode: errorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset, recordErrors: noFaults, currentLeader: noLeader }
}

/** Before v4 clients do not know of storage errors; they look for another leader and try again. */
function codeInVersion(code: number, version: number): number {
  return version < 4 && code === errorCode.KAFKA_STORAGE_ERROR ? errorCode.NOT_LEADER_OR_FOLLOWER : code
}

function faultsOf(error: unknown): PartitionAnswer['recordErrors'] {
  if (!(error instanceof RecordsRefused || error instanceof EngineError)) return []
  return error.recordFaults.map(({ batchIndex, message }) => ({ batchIndex, batchIndexErrorMessage: message }))
}
