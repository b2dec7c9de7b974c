// transaction.partition.verification.enable, with raw frames: the answers that Apache Kafka 4.4.0 gave to the same ones.
import { expect, test } from 'vitest'
import { errorName } from '../../protocol/error-code.ts'
import { describeProducers } from '../../protocol/messages/describe-producers.ts'
import { endTxn } from '../../protocol/messages/end-txn.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { initProducerId } from '../../protocol/messages/init-producer-id.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { writeTxnMarkers } from '../../protocol/messages/write-txn-markers.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { batch, startDoor } from './harness.ts'

test('without verification an older client writes to a partition that it never added, and an administrator ends that', async () => {
  await using door = await startDoor()
  await using wire = await door.open()
  const { partitions } = await door.engine.topics.create({ name: 't', partitionCount: 1 })
  const topic = { name: 't', topicId: zeroUuid }
  const asked = { transactionalId: 'x', transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 }
  const { producerId, producerEpoch } = await wire.ask(initProducerId, 5, asked)
  const send = async (version: number, baseSequence: number) => {
    const records = batch(['a'], { producerId, producerEpoch, baseSequence, transactional: true })
    const topicData = [{ ...topic, partitionData: [{ index: 0, records }] }]
    const answer = await wire.ask(produce, version, { transactionalId: 'x', acks: -1, timeoutMs: 1000, topicData })
    return errorName(answer.responses[0]!.partitionResponses[0]!.errorCode)
  }
  const verify = async (value: string): Promise<void> => {
    const configs = [{ name: 'transaction.partition.verification.enable', configOperation: 0, value }]
    const { responses } = await wire.ask(incrementalAlterConfigs, 1, {
      resources: [{ resourceType: 4, resourceName: '', configs }],
      validateOnly: false,
    })
    expect(responses[0]).toMatchObject({ errorCode: 0 })
  }
  expect(await send(11, 0)).toBe('TRANSACTION_ABORTABLE')
  await verify('false')
  expect([await send(9, 0), await send(11, 1)]).toEqual(['NONE', 'NONE'])
  expect(partitions[0]).toMatchObject({ endOffset: 2, lastStableOffset: 0 })
  expect(await send(11, 9)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER')

  // The coordinator knows of no such transaction: it cannot be committed, and what was written stays open.
  const { errorCode } = await wire.ask(endTxn, 3, { transactionalId: 'x', producerId, producerEpoch, committed: true })
  expect(errorName(errorCode)).toBe('INVALID_TXN_STATE')
  const { topics } = await wire.ask(describeProducers, 0, { topics: [{ name: 't', partitionIndexes: [0] }] })
  expect(topics[0]?.partitions[0]?.activeProducers).toMatchObject([{ producerId, currentTxnStartOffset: 0 }])
  const strange = await wire.ask(describeProducers, 0, { topics: [{ name: 'a b', partitionIndexes: [0] }] })
  expect(strange.topics[0]?.partitions[0]).toMatchObject({ errorCode: 17, errorMessage: expect.stringContaining("'a b' contains") })
  const marker = { producerId, producerEpoch, transactionResult: false, topics: [{ name: 't', partitionIndexes: [0] }], coordinatorEpoch: 0 }
  const nonsense = { ...marker, producerEpoch: -1 }
  const { markers } = await wire.ask(writeTxnMarkers, 1, { markers: [nonsense] })
  expect(markers[0]?.topics[0]?.partitions).toEqual([{ partitionIndex: 0, errorCode: -1 }])
  expect(partitions[0]).toMatchObject({ endOffset: 2 })
  await wire.ask(writeTxnMarkers, 1, { markers: [marker] })
  expect(partitions[0]).toMatchObject({ endOffset: 3, lastStableOffset: 3 })
})
