// A door and a connection for the tests of Produce and Fetch, and requests in few words. Both are opened before a file's tests and closed after them.
import { afterAll, beforeAll, expect } from 'vitest'
import { fetch } from '../../protocol/messages/fetch.ts'
import { produce } from '../../protocol/messages/produce.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { batch, type Door, readAnswer, startDoor, type Wire } from './harness.ts'

export let door: Door
export let wire: Wire
let topics = 0

beforeAll(async () => {
  door = await startDoor()
  wire = await door.open()
})
afterAll(async () => {
  await wire?.[Symbol.asyncDispose]()
  await door?.[Symbol.asyncDispose]()
})

export const newTopic = (partitionCount = 1, configs: Record<string, string> = {}): Promise<Topic> =>
  door.engine.topics.create({ name: `t${topics++}`, partitionCount, configs })

export const noId = 'AAAAAAAAAAAAAAAAAAAAAA'
type Parts = { index: number; records: Buffer | null }[]
export const produceOf = (topic: Topic | string, parts: Parts, acks = -1): RequestInput<typeof produce> => {
  const [name, topicId] = typeof topic === 'string' ? [topic, noId] : [topic.name, topic.id]
  return { acks, timeoutMs: 1000, topicData: [{ name, topicId, partitionData: parts }] }
}
export async function put(topic: Topic, values: string[], index = 0) {
  const answer = await wire.ask(produce, 9, produceOf(topic, [{ index, records: batch(values) }]))
  const part = answer.responses[0]!.partitionResponses[0]!
  expect(part.errorCode).toBe(0)
  return part.baseOffset
}

export interface Wanted {
  index?: number
  offset?: number
  bytesMax?: number
  epoch?: number
  lastFetchedEpoch?: number
}
export interface FetchOptions {
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  isolationLevel?: number
  sessionId?: number
  sessionEpoch?: number
  forgotten?: number[]
}
export const fetchOf = (topic: Topic | { name: string; id: string }, wanted: Wanted[], options: FetchOptions = {}): RequestInput<typeof fetch> => ({
  replicaState: { replicaId: -1, replicaEpoch: -1 },
  maxWaitMs: options.maxWaitMs ?? 0,
  minBytes: options.minBytes ?? 1,
  maxBytes: options.maxBytes ?? 1 << 26,
  isolationLevel: options.isolationLevel ?? 0,
  sessionId: options.sessionId ?? 0,
  sessionEpoch: options.sessionEpoch ?? -1,
  topics:
    wanted.length === 0
      ? []
      : [
          {
            topic: topic.name,
            topicId: topic.id,
            partitions: wanted.map(({ index = 0, offset = 0, bytesMax = 1 << 20, epoch = -1, lastFetchedEpoch = -1 }) => ({
              partition: index,
              fetchOffset: offset,
              partitionMaxBytes: bytesMax,
              currentLeaderEpoch: epoch,
              lastFetchedEpoch,
            })),
          },
        ],
  forgottenTopicsData: options.forgotten ? [{ topic: topic.name, topicId: topic.id, partitions: options.forgotten }] : [],
})
export const get = async (topic: Topic, wanted: Wanted[], options: FetchOptions = {}, version = 12) => {
  const answer = await wire.ask(fetch, version, fetchOf(topic, wanted, options))
  return { ...answer, parts: answer.responses.flatMap(({ partitions }) => partitions) }
}
export const parsedId = (frame: Buffer, version: number) => readAnswer(fetch, version, frame)
