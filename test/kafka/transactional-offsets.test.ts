// Offsets that a transaction commits, seen by the group while it is open and after it, over a raw socket: KIP-98 and KIP-447.
import { expect, test } from 'vitest'
import { errorName } from '../../protocol/error-code.ts'
import { addOffsetsToTxn } from '../../protocol/messages/add-offsets-to-txn.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { offsetCommit } from '../../protocol/messages/offset-commit.ts'
import { offsetFetch } from '../../protocol/messages/offset-fetch.ts'
import { txnOffsetCommit } from '../../protocol/messages/txn-offset-commit.ts'
import type { Topic } from '../../src/engine/topics.ts'
import { newTopic, noId, wire } from './data-door.ts'

interface Producer {
  producerId: number
  producerEpoch: number
}

let count = 0

/** A group and a transactional id of their own, and what can be done with them on partition 0 of a topic. */
async function newScene() {
  const topic = await newTopic(2)
  const names = { transactionalId: `tx-${count}`, groupId: `g-${count++}` }
  const { errorCode, producerId, producerEpoch } = await wire.ask(initProducerId, 4, {
    transactionalId: names.transactionalId,
    transactionTimeoutMs: 60_000,
  })
  expect(errorCode).toBe(0)
  const producer: Producer = { producerId, producerEpoch }
  const partitions = (offset: number) => [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'm' }]
  const topicsOf = ({ name }: Topic, offset: number) => [{ name, topicId: noId, partitions: partitions(offset) }]
  return {
    async inTransaction(offset: number): Promise<void> {
      expect((await wire.ask(addOffsetsToTxn, 3, { ...names, ...producer })).errorCode).toBe(0)
      const { topics } = await wire.ask(txnOffsetCommit, 3, { ...names, ...producer, topics: topicsOf(topic, offset) })
      expect(topics[0]?.partitions[0]?.errorCode).toBe(0)
    },
    async plain(offset: number): Promise<void> {
      const { topics } = await wire.ask(offsetCommit, 8, { groupId: names.groupId, memberId: '', topics: topicsOf(topic, offset) })
      expect(topics[0]?.partitions[0]?.errorCode).toBe(0)
    },
    async end(committed: boolean): Promise<void> {
      expect((await wire.ask(endTxn, 3, { transactionalId: names.transactionalId, ...producer, committed })).errorCode).toBe(0)
    },
    /** Of both partitions, as `5` or an error; version 7 asks for one group, 8 for several. */
    async fetched(requireStable: boolean, version: 7 | 8 = 8): Promise<string[]> {
      const topics = [{ name: topic.name, topicId: noId, partitionIndexes: [0, 1] }]
      const asked =
        version === 7 ? { groupId: names.groupId, topics, groups: [] } : { groupId: '', topics: [], groups: [{ groupId: names.groupId, topics }] }
      const answer = await wire.ask(offsetFetch, version, { ...asked, requireStable })
      const told = version === 7 ? answer.topics : answer.groups[0]!.topics
      return told[0]!.partitions.map(({ committedOffset, errorCode }) => (errorCode === 0 ? String(committedOffset) : errorName(errorCode)))
    },
    /** Null asks for everything that the group has committed. */
    async everything(requireStable: boolean): Promise<string[]> {
      const answer = await wire.ask(offsetFetch, 8, { groupId: '', topics: [], groups: [{ groupId: names.groupId, topics: null }], requireStable })
      return answer.groups[0]!.topics.flatMap(({ partitions }) =>
        partitions.map(({ committedOffset, errorCode }) => (errorCode === 0 ? String(committedOffset) : errorName(errorCode))),
      )
    },
  }
}

test.each([7, 8] as const)('version %i: offsets of an open transaction are not told, and held back from who wants stable ones', async (version) => {
  const scene = await newScene()
  await scene.plain(5)
  await scene.inTransaction(9)
  expect(await scene.fetched(false, version)).toEqual(['5', '-1'])
  expect(await scene.fetched(true, version)).toEqual(['UNSTABLE_OFFSET_COMMIT', '-1'])
  expect([await scene.everything(false), await scene.everything(true)]).toEqual([['5'], ['UNSTABLE_OFFSET_COMMIT']])
  await scene.end(true)
  expect(await scene.fetched(true, version)).toEqual(['9', '-1'])
})

test('an aborted transaction leaves the offsets as they were', async () => {
  const scene = await newScene()
  await scene.inTransaction(9)
  expect(await scene.fetched(true)).toEqual(['UNSTABLE_OFFSET_COMMIT', '-1'])
  await scene.end(false)
  expect(await scene.fetched(true)).toEqual(['-1', '-1'])
})

test('a plain commit after one in an open transaction is the later one, and stays when that commits', async () => {
  const scene = await newScene()
  await scene.inTransaction(9)
  // Which commit is the later one is told by the millisecond.
  const writtenMs = Date.now()
  await expect.poll(() => Date.now()).toBeGreaterThan(writtenMs)
  await scene.plain(7)
  expect(await scene.fetched(false)).toEqual(['7', '-1'])
  await scene.end(true)
  expect(await scene.fetched(true)).toEqual(['7', '-1'])
})

test('of two commits in one transaction the later one counts', async () => {
  const scene = await newScene()
  await scene.inTransaction(9)
  await scene.inTransaction(4)
  await scene.end(true)
  expect(await scene.fetched(true)).toEqual(['4', '-1'])
})
