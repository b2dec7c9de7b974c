// A transactional produce: which partitions join the transaction by it (KIP-890), and whether a batch may be appended now.

import { errorCode } from '../../protocol/error-code.ts'
import { batchHeaderBytes, isTransactional, magicOf, producerEpochOf, producerIdOf } from '../../protocol/records/batch.ts'
import { partitionKey } from '../coordinators/transaction/state.ts'
import type { Transactions } from '../coordinators/transaction/transactions.ts'
import type { Partition } from '../engine/partition.ts'
import { Refusal } from './context.ts'
import { produceError } from './transactions.ts'

/** The first version that adds partitions by itself. */
const implicitSince = 12

interface Part {
  records: Buffer | null
  partition: Partition | number
  transactionError?: number
}

/** Adds what is not in the transaction yet, in one step for each producer (there is one, unless the client is confused). */
export async function joinTransaction(transactions: Transactions, transactionalId: string, parts: Part[], version: number): Promise<void> {
  if (version < implicitSince) return
  const missing = new Map<string, { producerId: number; producerEpoch: number; parts: Part[]; keys: string[] }>()
  for (const part of parts) {
    const { partition, records } = part
    if (typeof partition === 'number' || !records || records.length < batchHeaderBytes || magicOf(records) !== 2 || !isTransactional(records))
      continue
    const producerId = producerIdOf(records)
    const producerEpoch = producerEpochOf(records)
    if (transactions.holds(transactionalId, producerId, producerEpoch, partition.topic.id, partition.index)) continue
    const who = `${producerId}/${producerEpoch}`
    const of = missing.get(who) ?? { producerId, producerEpoch, parts: [], keys: [] }
    missing.set(who, of)
    of.parts.push(part)
    of.keys.push(partitionKey(partition.topic.id, partition.index))
  }
  for (const { producerId, producerEpoch, parts: joining, keys } of missing.values()) {
    const { error } = await transactions.add(transactionalId, { producerId, producerEpoch, partitions: keys, groups: [], verifyOnly: false })
    if (error !== 'NONE') for (const part of joining) part.transactionError = produceError(error)
  }
}

/** Throws unless the batch's partition is in its producer's open transaction, now: the append follows in the same turn. */
export function checkTransaction(transactions: Transactions, transactionalId: string | null, part: Part, batch: Buffer): void {
  if (transactionalId === null) {
    throw new Refusal(errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'A transactional batch needs a transactional id in its request.')
  }
  if (part.transactionError !== undefined) throw new Refusal(part.transactionError, 'The partition could not join the transaction.')
  if (typeof part.partition === 'number') return
  const { topic, index } = part.partition
  if (transactions.holds(transactionalId, producerIdOf(batch), producerEpochOf(batch), topic.id, index)) return
  throw new Refusal(errorCode.INVALID_TXN_STATE, `Partition ${index} of '${topic.name}' is not in an open transaction of this producer.`)
}
