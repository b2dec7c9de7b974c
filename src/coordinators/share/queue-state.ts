// What a queue of the AWS door knows of one partition: a share group's state of its records, and its dead letters beside it. Dead letters are kept one by one:
// they stay for as long as the log does, and their number must not weigh on what is stored with every delivery. Values and pure steps; queue-partition.ts runs them.
import { free, isFinal, lapse, type Run, runAt, type SharePartitionState, stateOf, withRun } from './partition-state.ts'

/** A record that was received as often as may be and never acknowledged. */
export interface DeadLetter {
  readonly offset: number
  readonly deliveryCount: number
  readonly firstMs: number
  /** Whose receipt counts: the last one to receive it as a dead letter; empty before the first. */
  readonly owner: string
  /** Nobody is handed it before then. */
  readonly lockedUntilMs: number
}

/** The receipt of one delivery of one record. */
export interface Receipt {
  readonly offset: number
  readonly owner: string
  readonly deliveryCount: number
}

/** Why a receipt is of no use: the record is settled or dead, somebody else has received it since, or it is not held any more. */
export type ReceiptFault = 'gone' | 'superseded' | 'not-in-flight'

/** Gives back what was held for too long, and takes out what was received `countMax` times. Null where that is nothing. */
export function sweep(state: SharePartitionState, nowMs: number, countMax: number): { state: SharePartitionState; dead: DeadLetter[] } | null {
  const given = lapse(state, nowMs, { deliveryCountLimit: Number.POSITIVE_INFINITY })
  const { runs, endOffset } = given ?? state
  const isSpent = (run: Run): boolean => run.state === 'available' && run.deliveryCount >= countMax
  const spent = runs.filter(isSpent)
  if (spent.length === 0) return given && { state: given, dead: [] }
  const dead = spent.flatMap(({ first, last, deliveryCount, firstMs }) =>
    Array.from({ length: last - first + 1 }, (_, i) => ({ offset: first + i, deliveryCount, firstMs, owner: '', lockedUntilMs: 0 })),
  )
  const left = runs.map((run) => (isSpent(run) ? free(run.first, run.last, 'archived', 0) : run))
  return { state: stateOf(left, endOffset), dead }
}

/** Will the queue not deliver it any more? A dead letter is settled in this sense. */
export const isSettled = (state: SharePartitionState, offset: number): boolean =>
  offset < state.startOffset || (offset < state.endOffset && isFinal(state.runs[runAt(state.runs, offset)]!))

/**
 * Takes the record out of the queue for good. A receipt is good for that until somebody else has received the record, also when its hold has lapsed. What is
 * settled already stays so: a call that is made again because its answer was lost does no harm.
 */
export function acknowledgeOne(state: SharePartitionState, receipt: Receipt): SharePartitionState | ReceiptFault {
  const { offset, owner, deliveryCount } = receipt
  if (offset >= state.endOffset) return 'gone'
  if (isSettled(state, offset)) return state
  const run = state.runs[runAt(state.runs, offset)]!
  const isCurrent = run.state === 'acquired' ? run.owner === owner : run.deliveryCount === deliveryCount
  return isCurrent ? withRun(state, free(offset, offset, 'acknowledged', 0)) : 'superseded'
}

/** Moves the end of a hold. */
export function holdOne(state: SharePartitionState, { offset, owner }: Receipt, lockedUntilMs: number): SharePartitionState | ReceiptFault {
  if (offset >= state.endOffset || isSettled(state, offset)) return 'gone'
  const run = state.runs[runAt(state.runs, offset)]!
  if (run.state !== 'acquired') return 'not-in-flight'
  return run.owner === owner ? withRun(state, { ...run, first: offset, last: offset, lockedUntilMs }) : 'superseded'
}

/** A dead letter is a record like any other again, never received. */
export function revive(state: SharePartitionState, { offset, firstMs }: DeadLetter): SharePartitionState {
  const run = free(offset, offset, 'available', 0, firstMs)
  if (offset >= state.startOffset) return withRun(state, run)
  const between = offset + 1 < state.startOffset ? [free(offset + 1, state.startOffset - 1, 'archived', 0)] : []
  return stateOf([run, ...between, ...state.runs], state.endOffset)
}

/** Runs as numbers, seven each: offset from the start, length, state, delivery count, first delivery, end of the hold, owner. */
export interface QueuePartitionRow {
  readonly startOffset: number
  readonly endOffset: number
  readonly runs: readonly number[]
  /** How many times records were received here: owners are numbered. */
  readonly receives: number
}

/** A queue has dead letters of its own and never uses the last two. */
const stateCodes = ['available', 'acknowledged', 'archived', 'acquired', 'rejected', 'spent'] as const
const numbersPerRun = 7

export function queueRowOf({ startOffset, endOffset, runs }: SharePartitionState, receives: number): QueuePartitionRow {
  const numbers = runs.flatMap(({ first, last, state, deliveryCount, firstMs, lockedUntilMs, owner }) => [
    first - startOffset,
    last - first + 1,
    stateCodes.indexOf(state),
    deliveryCount,
    firstMs,
    lockedUntilMs,
    Number(owner),
  ])
  return { startOffset, endOffset, runs: numbers, receives }
}

export function stateOfQueueRow({ startOffset, endOffset, runs }: QueuePartitionRow): SharePartitionState {
  const read: Run[] = []
  for (let at = 0; at < runs.length; at += numbersPerRun) {
    const [from, length, code, deliveryCount, firstMs, lockedUntilMs, owner] = runs.slice(at, at + numbersPerRun) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const first = startOffset + from
    const state = stateCodes[code]!
    read.push({ first, last: first + length - 1, state, deliveryCount, firstMs, lockedUntilMs, owner: owner === 0 ? '' : String(owner) })
  }
  return stateOf(read, endOffset)
}
