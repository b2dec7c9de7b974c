// A topic that is deleted and made again under its name is another topic: nothing of the old one may be taken for the new one's.
import { expect, test } from 'vitest'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
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

test('a deletion by id takes no topic that has the name by the time that its turn comes', async () => {
  const others = await Promise.all(Array.from({ length: 20 }, () => newTopic()))
  const old = await newTopic()
  const made = new Promise<Topic>((resolve, reject) => {
    door.engine.topics.onChange(({ kind, topic }) => {
      if (kind === 'deleted' && topic === others[0]) again(old).then(resolve, reject)
    })
  })
  const asked = { timeoutMs: 1000, topicNames: [], topics: [...others, old].map(({ id }) => ({ name: null, topicId: id })) }
  const { responses } = await wire.ask(deleteTopics, 6, asked)
  const topic = await made
  expect(responses.slice(0, -1).every(({ errorCode }) => errorCode === 0)).toBe(true)
  expect(door.engine.topics.get(old.name)).toBe(topic)
})
