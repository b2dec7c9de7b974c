// A topic that is deleted and made again under its name is another topic: nothing of the old one may be taken for the new one's.
import { expect, test } from 'vitest'
import { produce } from '../../protocol/messages/produce.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { door, get, newTopic, produceOf, put, wire } from './data-door.ts'
import { batch } from './harness.ts'

async function again({ name }: Topic): Promise<Topic> {
  await door.engine.topics.delete(name)
  return door.engine.topics.create({ name, partitionCount: 1, configs: {} })
}

test('a producer’s sequence numbers go with the topic: its first batch is stored, and is no retry', async () => {
  const old = await newTopic()
  const send = async (topic: Topic, baseSequence: number) => {
    const records = batch(['a', 'b'], { producerId: 70, producerEpoch: 0, baseSequence })
    const { errorCode, baseOffset } = (await wire.ask(produce, 9, produceOf(topic, [{ index: 0, records }]))).responses[0]!.partitionResponses[0]!
    return [errorCode, baseOffset]
  }
  await put(old, ['before'])
  expect([await send(old, 0), await send(old, 0)]).toEqual([
    [0, 1],
    [0, 1],
  ])
  const topic = await again(old)
  expect(await send(topic, 0)).toEqual([0, 0])
  expect(topic.partitions[0]?.endOffset).toBe(2)
  // Nor does the new topic hold a producer to where the old one had it.
  const other = await again(topic)
  expect(await send(other, 40)).toEqual([0, 0])
})

test('who reads or writes by the old id is told that it is unknown, and in a fetch session that its name means another topic', async () => {
  const old = await newTopic()
  await put(old, ['a'])
  const { sessionId } = await get(old, [{ index: 0 }], { sessionEpoch: 0 }, 13)
  const topic = await again(old)
  await put(topic, ['b'])
  const inSession = await get(old, [], { sessionId, sessionEpoch: 1, maxWaitMs: 60_000 }, 13)
  expect(inSession.parts).toMatchObject([{ partitionIndex: 0, errorCode: 103 }])
  const parts = [{ index: 0, records: batch(['c']) }]
  expect((await wire.ask(produce, 13, produceOf(old, parts))).responses[0]?.partitionResponses[0]?.errorCode).toBe(100)
  expect(topic.partitions[0]?.endOffset).toBe(1)
})
