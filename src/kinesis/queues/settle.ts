// Acknowledging, holding on to and restoring what was received: each receipt by itself, with an answer of its own.
import type { QueueAnswer, Settlement } from '../../coordinators/share/queue-partition.ts'
import type { ReceiptFault } from '../../coordinators/share/queue-state.ts'
import { AwsError, internalFailure, notFound } from '../aws-error.ts'
import type { Context, Output } from '../operation.ts'
import type { Queue } from './queues.ts'
import { type Kind, openReceipt, type QueueReceipt } from './receipt.ts'

interface Entry {
  readonly receiptHandle: string
  readonly to: Settlement
}

type Fault = readonly [code: string, message: string]

const faults: { readonly [F in ReceiptFault]: Fault } = {
  gone: ['ResourceNotFoundException', 'The queue does not hold the record of this receipt handle any more.'],
  superseded: ['InvalidArgumentException', 'The receipt handle is out of date: the record was received again since.'],
  'not-in-flight': ['InvalidArgumentException', 'The record is not in flight: its visibility timeout has expired.'],
}
const foreign: Fault = ['InvalidArgumentException', 'The receipt handle is not valid for this queue.']

/** What is told where the share core turns a whole request away. */
export function queueError(error: Exclude<QueueAnswer['error'], 'NONE'>, queue: Queue): AwsError {
  switch (error) {
    case 'removed':
      return notFound(`Queue ${queue.arn} not found.`)
    case 'overloaded':
      return new AwsError('ThrottlingException', `Rate exceeded for queue ${queue.arn}.`)
    case 'not-stored':
      return internalFailure('')
    case 'closing':
      return new AwsError('ServiceUnavailable', '', 503)
  }
}

/** The answer that all operations on receipts share: what was done, and what was not, and why. */
export async function settleAll(kind: Kind, queue: Queue, entries: readonly Entry[], { queues, seal }: Context): Promise<Output> {
  const told: (Fault | null)[] = entries.map(() => foreign)
  const byPartition = new Map<number, { at: number; receipt: QueueReceipt; to: Settlement }[]>()
  for (const [at, { receiptHandle, to }] of entries.entries()) {
    const receipt = openReceipt(kind, receiptHandle, seal)
    if (!receipt || receipt.queueId !== queue.id) continue
    const group = byPartition.get(receipt.partition) ?? []
    byPartition.set(receipt.partition, group)
    group.push({ at, receipt, to })
  }
  await Promise.all(
    [...byPartition].map(async ([partition, group]) => {
      const receipts = group.map(({ receipt, to }) => ({ ...receipt, to }))
      const answer = await queues.partitions.ask(queue.id, partition, { verb: kind === 'record' ? 'settle' : 'settle-dead', receipts })
      const refused = answer.error === 'NONE' ? null : queueError(answer.error, queue)
      for (const [i, { at }] of group.entries()) {
        const fault = answer.faults[i]
        told[at] = refused ? [codeOf(refused), refused.message] : fault ? faults[fault] : null
      }
    }),
  )
  const handles = entries.map(({ receiptHandle }) => ({ ReceiptHandle: receiptHandle }))
  return {
    Successful: handles.filter((_, at) => told[at] === null),
    Failed: handles.flatMap((handle, at) => {
      const fault = told[at]
      return fault ? [{ ...handle, ErrorCode: fault[0], ErrorMessage: fault[1] }] : []
    }),
  }
}

/** One of the four codes that AWS gives an entry. */
const codeOf = ({ type }: AwsError): string => (/^(ResourceNotFound|Throttling)Exception$/.test(type) ? type : 'InternalFailureException')
