// A share group and its members on sockets, for tests: group `g` on topic `t`, whose one partition it reads from the beginning.
import { expect } from 'vitest'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { describeShareGroupOffsets } from '../../protocol/messages/describe-share-group-offsets.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { shareAcknowledge } from '../../protocol/messages/share-acknowledge.ts'
import { shareFetch } from '../../protocol/messages/share-fetch.ts'
import { shareGroupHeartbeat } from '../../protocol/messages/share-group-heartbeat.ts'
import { readRecords } from '../../protocol/records/record.ts'
import type { RequestInput } from '../../protocol/schema.ts'
import type { ManualClock } from '../../src/clock.ts'
import type { SettingsInput } from '../../src/config.ts'
import { batch, type Door, startDoor, type Wire } from './harness.ts'

const groupResource = 32
type FetchInput = RequestInput<typeof shareFetch>
export type Batches = FetchInput['topics'][number]['partitions'][number]['acknowledgementBatches']

/** One member of group `g` on a connection of its own. */
export class Member {
  epoch = 0
  memberEpoch = 0
  readonly wire: Wire
  readonly id: string
  readonly topicId: string

  constructor(wire: Wire, id: string, topicId: string) {
    this.wire = wire
    this.id = id
    this.topicId = topicId
  }

  async heartbeat(memberEpoch = this.memberEpoch, topics: string[] | null = memberEpoch === 0 ? ['t'] : null) {
    const answer = await this.wire.ask(shareGroupHeartbeat, 1, {
      groupId: 'g',
      memberId: this.id,
      memberEpoch,
      rackId: null,
      subscribedTopicNames: topics,
    })
    if (answer.errorCode === 0) this.memberEpoch = answer.memberEpoch
    return answer
  }

  request(more: Partial<FetchInput> = {}, acks: Batches = [], partitions = [0]): FetchInput {
    return {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 500,
      batchSize: 500,
      topics: [{ topicId: this.topicId, partitions: partitions.map((partitionIndex) => ({ partitionIndex, acknowledgementBatches: acks })) }],
      forgottenTopicsData: [],
      ...more,
    }
  }

  next(): void {
    this.epoch++
  }

  async fetch(more: Partial<FetchInput> = {}, acks: Batches = []) {
    const answer = await this.wire.ask(shareFetch, 2, this.request(more, acks))
    if (answer.errorCode === 0) this.next()
    const one = answer.responses[0]?.partitions[0]
    return {
      code: answer.errorCode,
      error: one?.errorCode ?? 0,
      acknowledged: one?.acknowledgeErrorCode ?? 0,
      acquired: (one?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => [firstOffset, lastOffset, deliveryCount]),
      values: one?.records ? readRecords(Buffer.from(one.records as Buffer)).map(({ value }) => String(value)) : [],
    }
  }

  async acknowledge(acks: Batches, more: { shareSessionEpoch?: number; isRenewAck?: boolean } = {}) {
    const answer = await this.wire.ask(shareAcknowledge, 2, {
      groupId: 'g',
      memberId: this.id,
      shareSessionEpoch: this.epoch,
      isRenewAck: false,
      topics: [{ topicId: this.topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: acks }] }],
      ...more,
    })
    if (answer.errorCode === 0) this.next()
    return { code: answer.errorCode, error: answer.responses[0]?.partitions[0]?.errorCode ?? 0 }
  }
}

export const ack = (firstOffset: number, lastOffset: number, ...acknowledgeTypes: number[]) => ({ firstOffset, lastOffset, acknowledgeTypes })
export const [gap, accept, release, reject, renew] = [0, 1, 2, 3, 4] as const

export class World implements AsyncDisposable {
  readonly door: Door
  readonly wire: Wire
  readonly topicId: string

  constructor(door: Door, wire: Wire, topicId: string) {
    this.door = door
    this.wire = wire
    this.topicId = topicId
  }

  async member(id: string): Promise<Member> {
    return new Member(await this.door.open(), id, this.topicId)
  }

  async joined(id: string): Promise<Member> {
    const member = await this.member(id)
    expect((await member.heartbeat()).errorCode).toBe(0)
    return member
  }

  produce(...values: string[]): Promise<void> {
    return this.produceBatch(batch(values))
  }

  async produceBatch(records: Buffer, transactionalId: string | null = null): Promise<void> {
    const topicData = [{ name: 't', topicId: this.topicId, partitionData: [{ index: 0, records }] }]
    const answer = await this.wire.ask(produce, 9, { transactionalId, acks: -1, timeoutMs: 1000, topicData })
    expect(answer.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
  }

  async configure(name: string, value: string): Promise<void> {
    const resources = [{ resourceType: groupResource, resourceName: 'g', configs: [{ name, configOperation: 0, value }] }]
    const answer = await this.wire.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
    expect(answer.responses[0]!.errorCode).toBe(0)
  }

  async offsets() {
    const { groups } = await this.wire.ask(describeShareGroupOffsets, 1, {
      groups: [{ groupId: 'g', topics: [{ topicName: 't', partitions: [0] }] }],
    })
    const { errorCode: code, topics } = groups[0]!
    const one = topics[0]?.partitions[0]
    return { code, start: one?.startOffset, lag: one?.lag }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.door[Symbol.asyncDispose]()
  }
}

export async function world(settings: SettingsInput = {}, clock?: ManualClock): Promise<World> {
  const door = await startDoor({ settings, ...(clock ? { clock } : {}) })
  const wire = await door.open()
  const made = await wire.ask(createTopics, 7, {
    topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  const one = new World(door, wire, made.topics[0]!.topicId)
  await one.configure('share.auto.offset.reset', 'earliest')
  return one
}
