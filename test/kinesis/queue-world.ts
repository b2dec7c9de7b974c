// What the tests of queues share: an on-demand stream `s` behind a door, under a clock that a test moves, and the operations in few words.
import { ManualClock } from '../../src/clock.ts'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

export const streamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'

export interface QueueRecord {
  ReceiptHandle: string
  RecordId: string
  PartitionKey: string
  Data: string
  ApproximateArrivalTimestamp: number
  FirstReceiveTimestamp: number
  ReceiveCount: number
}

interface Settled {
  Successful: { ReceiptHandle: string }[]
  Failed: { ReceiptHandle: string; ErrorCode: string; ErrorMessage: string }[]
}

/** Raw operations, each as a client would send it; throws what AWS refuses as `Type: message`. */
export class QueueWorld implements AsyncDisposable {
  readonly door: DoorUnderTest
  readonly clock: ManualClock

  private constructor(door: DoorUnderTest, clock: ManualClock) {
    this.door = door
    this.clock = clock
  }

  static async open(settings: Record<string, string | number> = {}): Promise<QueueWorld> {
    const clock = new ManualClock()
    const world = new QueueWorld(await openDoor({ clock, settings }), clock)
    const transitionMs = Number(settings['kinesis.transition.ms'] ?? 0)
    // On-demand streams begin with four shards: with one, records come in order.
    await world.ask('CreateStream', { StreamName: 's', ShardCount: 1 })
    await clock.advance(transitionMs)
    await world.ask('UpdateStreamMode', { StreamARN: streamARN, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
    await clock.advance(transitionMs)
    return world
  }

  async ask<Answer>(operation: string, input: object): Promise<Answer> {
    const { status, body } = await call(this.door.url, operation, input)
    if (status !== 200) throw new Error(`${body['__type']}: ${body['message']}`)
    return body as Answer
  }

  async put(...values: string[]): Promise<void> {
    for (const value of values) await this.ask('PutRecord', { StreamName: 's', PartitionKey: value, Data: Buffer.from(value).toString('base64') })
  }

  /** The ARN of a new queue that begins at the trim horizon. */
  async create(name = 'q', attributes: object = {}, start: object | null = { Type: 'TRIM_HORIZON' }): Promise<string> {
    const input = {
      QueueName: name,
      StreamConfigurationList: [{ StreamARN: streamARN, StartingPosition: start ?? undefined }],
      QueueAttributes: attributes,
    }
    const { QueueDescription } = await this.ask<{ QueueDescription: { QueueARN: string } }>('CreateQueue', input)
    return QueueDescription.QueueARN
  }

  async describe(QueueARN: string) {
    type Description = Record<'QueueStatus', string> & { QueueAttributes: object; StreamConfigurationList: [{ StartingPosition: object }] }
    return (await this.ask<{ QueueDescription: Description }>('DescribeQueue', { QueueARN })).QueueDescription
  }

  async receive(QueueARN: string, input: object = {}): Promise<QueueRecord[]> {
    return (await this.ask<{ QueueRecords: QueueRecord[] }>('ReceiveQueueRecords', { QueueARN, ...input })).QueueRecords
  }

  async receiveDead(QueueARN: string, input: object = {}): Promise<QueueRecord[]> {
    return (await this.ask<{ QueueRecords: QueueRecord[] }>('ReceiveDeadLetterQueueRecords', { QueueARN, ...input })).QueueRecords
  }

  /** A receive that finds nothing, with the clock moved past its wait. */
  async nothing(QueueARN: string, operation: 'receive' | 'receiveDead' = 'receive'): Promise<QueueRecord[]> {
    const received = this[operation](QueueARN, { WaitTimeSeconds: 1 })
    await this.parked()
    await this.clock.advance(1000)
    return received
  }

  /** Until a long poll waits. */
  async parked(count = 1): Promise<void> {
    while (this.door.engine.waiters.size < count) await new Promise((again) => setTimeout(again, 1))
  }

  /** Settles records by an operation: one result a record, `ok` or the code. */
  async settle(
    operation: string,
    QueueARN: string,
    records: readonly { ReceiptHandle: string }[],
    VisibilityTimeoutSeconds?: number,
  ): Promise<string[]> {
    const Entries = records.map(({ ReceiptHandle }) => ({ ReceiptHandle, VisibilityTimeoutSeconds }))
    const { Successful, Failed } = await this.ask<Settled>(operation, { QueueARN, Entries })
    const failed = new Map(Failed.map(({ ReceiptHandle, ErrorCode }) => [ReceiptHandle, ErrorCode]))
    if (Successful.length + Failed.length !== records.length) throw new Error('an entry has no result, or two')
    return records.map(({ ReceiptHandle }) => failed.get(ReceiptHandle) ?? 'ok')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.door.close()
  }
}

/** Values with how often they were received. */
export const told = (records: readonly QueueRecord[]): string[] =>
  records.map(({ Data, ReceiveCount }) => `${Buffer.from(Data, 'base64').toString()}x${ReceiveCount}`)
