// Receiving from a queue: looks through the partitions of its stream for what is visible, hands it out, and waits where there is nothing. Waiting costs nothing
// until a commit, an expired hold or a restored record wakes it.

import { nextOffset, type SharePartitionState } from '../../coordinators/share/partition-state.ts'
import { mayReceive } from '../../coordinators/share/queue-partition.ts'
import { EngineError } from '../../engine/errors.ts'
import type { Partition } from '../../engine/partition.ts'
import type { Context, Output } from '../operation.ts'
import { answerBytesMost } from '../read.ts'
import { deliveredRecord, isFree, readRecords, stretches } from './delivered.ts'
import type { Queue } from './queues.ts'
import { queueError } from './settle.ts'

export interface ReceiveRequest {
  readonly recordsMax: number
  readonly waitMs: number
  readonly holdMs: number
}

/** How a partition was found when it had nothing more to give. */
interface Seen {
  readonly partition: Partition
  readonly live: SharePartitionState
  readonly logEndOffset: number
}

/** Of keys and data in one answer, but for the last record. */
const answerBytesMax = 10 * 1024 * 1024
const smallAnswerBytes = 256 * 1024
/** Stored bytes read at a time: more than most receives hand out. A batch is read whole, however large it is. */
const stepBytes = 64 * 1024

/** Records that were visible; none when time is up, the client is gone or the queue is. */
export async function receiveRecords(queue: Queue, request: ReceiveRequest, context: Context): Promise<Output[]> {
  const deadlineMs = context.clock.now() + request.waitMs
  // What is there is for everybody to take; only who finds nothing gets in line.
  const { records } = await lookThrough(queue, request, context)
  if (records.length > 0) return records
  return context.queues.line(queue.id, 'record').stand(deadlineMs, context.hungUp(), () => listen(queue, request, deadlineMs, context))
}

async function listen(queue: Queue, request: ReceiveRequest, deadlineMs: number, context: Context): Promise<Output[]> {
  const { engine, queues, clock } = context
  const { topic } = queue.stream
  const signal = context.hungUp()
  for (let isAwake = true; ; ) {
    const { records, seen } = await lookThrough(queue, request, context)
    if (records.length > 0 || !isAwake || signal.aborted || clock.now() >= deadlineMs) return records
    const ready = (): boolean =>
      !queues.isServing(queue.id) ||
      topic.partitions.length !== seen.length ||
      seen.some(({ partition, live, logEndOffset }) => {
        const slot = queues.partitions.peek(queue.id, partition.index)
        const hasMoved = slot?.live !== live || partition.lastStableOffset !== logEndOffset
        return slot === undefined || (hasMoved && mayReceive(slot, partition.lastStableOffset))
      })
    await engine.waiters.park(
      seen.map(({ partition }) => partition),
      deadlineMs,
      ready,
      signal,
    )
    // Time is up, the broker stops or the queue is gone: one last look.
    isAwake = ready() && queues.isServing(queue.id)
  }
}

/** The partitions, beginning with another one each time: no shard has to wait until those before it are empty. */
export function rotated(queue: Queue, { queues }: Context): Partition[] {
  const { partitions } = queue.stream.topic
  const from = queues.nextTurn(queue.id) % partitions.length
  return [...partitions.slice(from), ...partitions.slice(0, from)]
}

async function lookThrough(queue: Queue, request: ReceiveRequest, context: Context): Promise<{ records: Output[]; seen: Seen[] }> {
  const records: Output[] = []
  const seen: Seen[] = []
  const partitions = rotated(queue, context)
  await context.engine.open(partitions)
  let bytesLeft = answerBytesMax
  let damage: EngineError | null = null
  // Where the records of one partition are damaged, those of the others are still handed out.
  const notDamaged = (error: unknown): null => {
    if (!(error instanceof EngineError) || error.code !== 'batch-damaged') throw error
    damage = error
    return null
  }
  for (const partition of partitions) {
    for (;;) {
      const recordsMax = request.recordsMax - records.length
      if (recordsMax <= 0 || bytesLeft <= 0 || !context.queues.isServing(queue.id) || context.hungUp().aborted) return { records, seen }
      const slot = await context.queues.partitions.look(queue.id, partition.index)
      if (!slot) throw queueError('removed', queue)
      const { live } = slot
      const logEndOffset = partition.lastStableOffset
      const receive = (): ReturnType<typeof receiveStep> => receiveStep(queue, partition, live, { ...request, recordsMax }, context)
      const step = mayReceive(slot, logEndOffset) ? await receive().catch(notDamaged) : null
      if (!step) seen.push({ partition, live, logEndOffset })
      records.push(...(step?.records ?? []))
      bytesLeft -= step?.bytes ?? 0
      // What is held for no time at all would come again in the same answer.
      if (!step || (request.holdMs === 0 && step.records.length > 0)) break
    }
  }
  if (damage !== null && records.length === 0) throw damage
  return { records, seen }
}

/** Room for an answer that is large already; a small one needs none. */
export async function makeRoom(bytes: number, { room }: Context): Promise<void> {
  if (bytes > smallAnswerBytes && room.bytes === 0) await room.take(answerBytesMost)
}

/** One read and what it gives. Null where there was nothing to read. */
async function receiveStep(
  queue: Queue,
  partition: Partition,
  live: SharePartitionState,
  { recordsMax, holdMs }: ReceiveRequest,
  context: Context,
): Promise<{ records: Output[]; bytes: number } | null> {
  const { engine, queues, clock, seal } = context
  const fromOffset = Math.max(nextOffset(live), partition.startOffset)
  const result = await engine.readIntact({ partition, fromOffset, bytesMax: stepBytes }, { bytesMax: stepBytes, committedOnly: true })
  if (result.buffers.length === 0) return null
  let free = 0
  let bytes = 0
  // Others may have been faster: what is handed out is settled by the share core. Only so much is read as may be handed out.
  const { records, endOffset } = readRecords(result, fromOffset, queue.stream, clock.now(), ({ offset, key, data }) => {
    if (!isFree(live, offset)) return false
    bytes += (key?.length ?? 0) + data.length
    return ++free >= recordsMax || bytes >= answerBytesMax
  })
  await makeRoom(bytes, context)
  const { error, received } = await queues.partitions.ask(queue.id, partition.index, {
    verb: 'receive',
    logStartOffset: partition.startOffset,
    recordsMax,
    holdMs,
    readFrom: fromOffset,
    batches: stretches(records, fromOffset, endOffset),
  })
  if (error !== 'NONE') throw queueError(error, queue)
  if (received.length > 0 && context.hungUp().aborted) {
    // Nobody is there to take them: they are visible again at once.
    const receipts = received.map((one) => ({ ...one, to: { holdMs: 0 } }))
    await queues.partitions.ask(queue.id, partition.index, { verb: 'settle', receipts })
    return { records: [], bytes: 0 }
  }
  return { records: received.map((one) => deliveredRecord('record', queue, partition.index, one, records.get(one.offset)!, seal)), bytes }
}
