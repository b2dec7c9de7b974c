// Receipt handles: which delivery of which record of which queue, sealed as iterators are, so that nobody can make or change one and they outlive a restart.
import type { Receipt } from '../../coordinators/share/queue-state.ts'
import type { TokenSeal } from '../iterator.ts'

/** Records and dead letters are received, and settled, by operations of their own. */
export const kinds = ['record', 'dead-letter'] as const
export type Kind = (typeof kinds)[number]

export interface QueueReceipt extends Receipt {
  readonly queueId: string
  readonly partition: number
}

export const sealReceipt = (kind: Kind, { queueId, partition, offset, owner, deliveryCount }: QueueReceipt, seal: TokenSeal): string =>
  seal.seal(`receipt/${kind}`, [queueId, partition, offset, owner, deliveryCount])

/** Null for a handle that this broker did not give out for this kind. */
export function openReceipt(kind: Kind, handle: string, seal: TokenSeal): QueueReceipt | null {
  const opened = seal.open(`receipt/${kind}`, handle) as [string, number, number, string, number] | null
  if (!opened) return null
  const [queueId, partition, offset, owner, deliveryCount] = opened
  return { queueId, partition, offset, owner, deliveryCount }
}
