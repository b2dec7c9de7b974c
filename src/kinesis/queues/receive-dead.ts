// Receiving dead letters: as receive.ts does, but of what the share core keeps one by one. Those whose records have left the log, or should have, are dropped.
import { deadVisibleAtMs, type Received } from '../../coordinators/share/queue-partition.ts'
import type { Partition } from '../../engine/partition.ts'
import type { Context, Output } from '../operation.ts'
import { deliveredRecord, type ReadRecord, readRecords } from './delivered.ts'
import type { Queue } from './queues.ts'
import { makeRoom, type ReceiveRequest, rotated } from './receive.ts'
import { queueError } from './settle.ts'

/** Dead letters that were visible; none when time is up, the client is gone or the queue is. */
export async function receiveDeadLetters(queue: Queue, request: ReceiveRequest, context: Context): Promise<Output[]> {
  const deadlineMs = context.clock.now() + request.waitMs
  const records = await lookThrough(queue, request, context)
  if (records.length > 0) return records
  return context.queues.line(queue.id, 'dead-letter').stand(deadlineMs, context.hungUp(), () => listen(queue, request, deadlineMs, context))
}

async function listen(queue: Queue, request: ReceiveRequest, deadlineMs: number, context: Context): Promise<Output[]> {
  const { engine, queues, clock } = context
  const { topic } = queue.stream
  const signal = context.hungUp()
  for (let isAwake = true; ; ) {
    const records = await lookThrough(queue, request, context)
    if (records.length > 0 || !isAwake || signal.aborted || clock.now() >= deadlineMs) return records
    const { length } = topic.partitions
    const visibleAtMs = (): number =>
      Math.min(...topic.partitions.map(({ index }) => deadVisibleAtMs(queues.partitions.peek(queue.id, index)) ?? Number.POSITIVE_INFINITY))
    const ready = (): boolean => !queues.isServing(queue.id) || topic.partitions.length !== length || visibleAtMs() <= clock.now()
    // A dead letter that somebody holds is visible at a time that is known now, unless it is moved, which wakes.
    await engine.waiters.park(topic.partitions, Math.min(deadlineMs, visibleAtMs()), ready, signal)
    isAwake = queues.isServing(queue.id) && !engine.waiters.closed
  }
}

async function lookThrough(queue: Queue, request: ReceiveRequest, context: Context): Promise<Output[]> {
  const records: Output[] = []
  const partitions = rotated(queue, context)
  await context.engine.open(partitions)
  for (const partition of partitions) {
    const slot = await context.queues.partitions.look(queue.id, partition.index)
    if (!slot) throw queueError('removed', queue)
    for (;;) {
      const recordsMax = request.recordsMax - records.length
      const visibleAtMs = deadVisibleAtMs(slot)
      if (recordsMax <= 0 || context.hungUp().aborted || visibleAtMs === null || visibleAtMs > context.clock.now()) break
      const step = await receiveStep(queue, partition, { ...request, recordsMax }, context)
      records.push(...step)
      // What is held for no time at all would come again in the same answer.
      if (request.holdMs === 0 && step.length > 0) break
    }
  }
  return records
}

async function receiveStep(queue: Queue, partition: Partition, { recordsMax, holdMs }: ReceiveRequest, context: Context): Promise<Output[]> {
  const { queues, seal } = context
  const ask = queues.partitions.ask.bind(queues.partitions, queue.id, partition.index)
  const { error, received } = await ask({ verb: 'receive-dead', logStartOffset: partition.startOffset, recordsMax, holdMs })
  if (error !== 'NONE') throw queueError(error, queue)
  const records = await readOffsets(queue, partition, received, context)
  const lost = received.filter(({ offset }) => !records.has(offset)).map(({ offset }) => offset)
  if (lost.length > 0) await ask({ verb: 'drop-dead', offsets: lost })
  const found = received.filter(({ offset }) => records.has(offset))
  await makeRoom(
    found.reduce((sum, { offset }) => sum + records.get(offset)!.data.length, 0),
    context,
  )
  if (found.length > 0 && context.hungUp().aborted) {
    await ask({ verb: 'settle-dead', receipts: found.map((one) => ({ ...one, to: { holdMs: 0 } })) })
    return []
  }
  return found.map((one) => deliveredRecord('dead-letter', queue, partition.index, one, records.get(one.offset)!, seal))
}

/** The records of some offsets, as far as they are there. */
async function readOffsets(queue: Queue, partition: Partition, wanted: readonly Received[], context: Context): Promise<Map<number, ReadRecord>> {
  const found = new Map<number, ReadRecord>()
  const offsets = wanted.map(({ offset }) => offset).sort((a, b) => a - b)
  for (let next = offsets.shift(); next !== undefined; next = offsets.shift()) {
    const fromOffset = next
    // A byte reads a whole batch.
    const result = await context.engine.readIntact({ partition, fromOffset, bytesMax: 1 }, { bytesMax: 1, committedOnly: true })
    if (result.buffers.length === 0) continue
    const last = offsets.at(-1) ?? fromOffset
    const { records, endOffset } = readRecords(result, fromOffset, queue.stream, context.clock.now(), ({ offset }) => offset >= last)
    for (const offset of [fromOffset, ...offsets]) {
      const record = records.get(offset)
      if (record) found.set(offset, record)
    }
    while (offsets[0] !== undefined && offsets[0] < endOffset) offsets.shift()
  }
  return found
}
