// Dead letters of queues: what becomes one, and receiving, holding, restoring and acknowledging them.
import { expect, test } from 'vitest'
import { QueueWorld, told } from './queue-world.ts'

const lettersAfter = (MaxReceiveCount: number) => ({
  VisibilityTimeoutSeconds: 10,
  DeadLetterConfiguration: { TargetType: 'BUILT_IN', MaxReceiveCount },
})

/** A queue with dead letters a, b and c. */
async function withDeadLetters(world: QueueWorld): Promise<string> {
  const queue = await world.create('q', lettersAfter(1))
  await world.put('a', 'b', 'c')
  await world.receive(queue)
  await world.clock.advance(10_000)
  return queue
}

test('a record that was received as often as may be is a dead letter, and no record any more', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', lettersAfter(2))
  await world.put('a', 'b')
  const [a] = await world.receive(queue)
  await world.settle('AcknowledgeQueueRecords', queue, [a!])
  await world.clock.advance(10_000)
  const [b] = await world.receive(queue)
  expect(told([b!])).toEqual(['bx2'])
  const waiting = world.receiveDead(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  await world.clock.advance(10_000)
  const [letter] = await waiting
  expect(letter).toMatchObject({ RecordId: b!.RecordId, Data: b!.Data, PartitionKey: 'b', FirstReceiveTimestamp: b!.FirstReceiveTimestamp })
  expect(await world.nothing(queue)).toEqual([])
  // Its receipts as a record are of no use now.
  expect(await world.settle('AcknowledgeQueueRecords', queue, [b!])).toEqual(['ResourceNotFoundException'])
})

test('dead letters are invisible while somebody has them, and their time can be moved', async () => {
  await using world = await QueueWorld.open()
  const queue = await withDeadLetters(world)
  const letters = await world.receiveDead(queue, { Limit: 2, VisibilityTimeoutSeconds: 5 })
  expect(told(letters)).toEqual(['ax2', 'bx2'])
  expect(told(await world.receiveDead(queue, { VisibilityTimeoutSeconds: 100 }))).toEqual(['cx2'])
  expect(await world.settle('UpdateDeadLetterQueueRecordsVisibility', queue, [letters[0]!], 60)).toEqual(['ok'])
  const waiting = world.receiveDead(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  await world.clock.advance(5000)
  expect(told(await waiting)).toEqual(['bx3'])
  expect(await world.settle('UpdateDeadLetterQueueRecordsVisibility', queue, letters, 1)).toEqual(['ok', 'InvalidArgumentException'])
  const untilLetGo = world.receiveDead(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  expect(await world.settle('UpdateDeadLetterQueueRecordsVisibility', queue, [letters[0]!], 0)).toEqual(['ok'])
  expect(told(await untilLetGo)).toEqual(['ax3'])
})

test('a restored dead letter is a record that was never received; an acknowledged one is gone', async () => {
  await using world = await QueueWorld.open()
  const queue = await withDeadLetters(world)
  const letters = await world.receiveDead(queue)
  const waiting = world.receive(queue, { WaitTimeSeconds: 20 })
  await world.parked()
  expect(await world.settle('RestoreDeadLetterQueueRecords', queue, letters.slice(0, 2))).toEqual(['ok', 'ok'])
  expect(told(await waiting)).toEqual(['ax1', 'bx1'])
  expect(await world.settle('AcknowledgeDeadLetterQueueRecords', queue, letters)).toEqual([
    'ResourceNotFoundException',
    'ResourceNotFoundException',
    'ok',
  ])
  expect(await world.settle('RestoreDeadLetterQueueRecords', queue, [letters[2]!])).toEqual(['ResourceNotFoundException'])
  await world.clock.advance(10_000)
  expect(told(await world.receiveDead(queue))).toEqual(['ax2', 'bx2'])
})

test('without dead-letter handling a record comes for ever', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', { VisibilityTimeoutSeconds: 1, DeadLetterConfiguration: { TargetType: 'NONE' } })
  await world.put('a')
  for (let time = 1; time <= 20; time++) {
    expect(told(await world.receive(queue))).toEqual([`ax${time}`])
    await world.clock.advance(1000)
  }
})

test('a lower MaxReceiveCount counts for what was received before', async () => {
  await using world = await QueueWorld.open()
  const queue = await world.create('q', lettersAfter(6))
  await world.put('a', 'b')
  for (let time = 0; time < 2; time++) {
    await world.receive(queue, { Limit: 1 })
    await world.clock.advance(10_000)
  }
  await world.ask('UpdateQueue', { QueueARN: queue, QueueAttributes: lettersAfter(2) })
  expect(told(await world.receiveDead(queue))).toEqual(['ax3'])
  expect(told(await world.receive(queue))).toEqual(['bx1'])
})
