// On-demand streams under limits: they grow to double their peak, for both doors, with the clock passed in.
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { stamp } from '../../src/engine/engine.ts'
import { OnDemand } from '../../src/kinesis/on-demand.ts'
import { Streams } from '../../src/kinesis/streams.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import { call, type DoorUnderTest, openDoor } from './harness.ts'

let door: DoorUnderTest
let clock: ManualClock
afterEach(() => door.close())

async function open(settings: Record<string, string | number> = {}): Promise<void> {
  clock = new ManualClock()
  door = await openDoor({ clock, settings: { 'kinesis.limits': 'on', ...settings } })
}
const onDemand = (StreamName: string): object => ({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
const openShards = (): number => door.engine.topics.get('s')!.shards.filter(({ endOffset }) => endOffset === null).length

const shards = (count: number) => expect.poll(openShards).toBe(count)

/** Writes as many records to each of `parts` equal parts of the hash keys, each second; answers how many were throttled. */
async function write(seconds: number, parts: number, recordsPerS: number): Promise<number> {
  let failed = 0
  const hashKeys = Array.from({ length: parts }, (_, i) => String((2n ** 128n / BigInt(parts)) * BigInt(i)))
  const second = Array.from({ length: parts * recordsPerS }, (_, i) => ({ PartitionKey: 'k', ExplicitHashKey: hashKeys[i % parts], Data: '' }))
  for (let at = 0; at < seconds; at++) {
    for (let from = 0; from < second.length; from += 500) {
      const { body } = await call(door.url, 'PutRecords', { StreamName: 's', Records: second.slice(from, from + 500) })
      failed += body['FailedRecordCount'] as number
    }
    await clock.advance(1000)
  }
  return failed
}

/** The same load without the records, told to the growth alone. */
async function take(seconds: number, recordsPerS: number, settings = door.engine.settings): Promise<void> {
  const capacity = new OnDemand(door.engine, settings)
  const stream = new Streams(door.engine, settings, clock).byName('s')!
  for (let second = 0; second < seconds; second++) {
    capacity.took(stream, recordsPerS, 0, clock.now())
    await clock.advance(1000)
    await new Promise((turn) => setImmediate(turn))
  }
}

test('a stream that is written to more than half of what it carries doubles, and Kafka sees the partitions', async () => {
  await open()
  await call(door.url, 'CreateStream', onDemand('s'))
  expect(await write(12, 4, 550)).toBe(0)
  await shards(8)
  const topic = door.engine.topics.get('s')!
  expect(topic.partitions).toHaveLength(8)
  expect(topic.partitions.some(({ retired }) => retired)).toBe(false)
  expect((await call(door.url, 'DescribeStreamSummary', { StreamName: 's' })).body).toMatchObject({
    StreamDescriptionSummary: { OpenShardCount: 8, StreamStatus: 'ACTIVE' },
  })
  // What the shards carry now is let through, and what they do not is refused.
  expect(await write(1, 8, 1000)).toBe(0)
  expect(await write(1, 8, 1100)).toBeGreaterThan(0)
})

test('half of what it carries is no reason to grow; more is, but once in fifteen minutes', async () => {
  await open()
  await call(door.url, 'CreateStream', onDemand('s'))
  await take(25, 2000)
  expect(openShards()).toBe(4)
  await take(12, 4000)
  await shards(8)
  await take(60, 8000)
  expect(openShards()).toBe(8)
  await clock.advance(15 * 60_000)
  await take(12, 8000)
  await shards(16)
  const open16 = door.engine.topics.get('s')!.shards.filter(({ endOffset }) => endOffset === null)
  expect(open16.map(({ hashStart, hashEnd }) => hashEnd - hashStart + 1n)).toEqual(Array(16).fill(2n ** 124n))
})

test('its limit ends the growth', async () => {
  await open()
  await call(door.url, 'CreateStream', onDemand('s'))
  const settings = Settings.of({ 'kinesis.on.demand.growth.interval.ms': 0, 'kinesis.on.demand.shards.max': 10 })
  // 3,000 records a second want six shards, which eight have.
  await take(45, 3000, settings)
  expect(openShards()).toBe(8)
  await take(25, 7000, settings)
  await shards(10)
})

test('a stream that was given fewer shards since its peak grows again', async () => {
  await open({ 'kinesis.on.demand.growth.interval.ms': 0 })
  await call(door.url, 'CreateStream', onDemand('s'))
  await take(12, 4000)
  await shards(8)
  const mode = (StreamMode: string) => call(door.url, 'UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode } })
  await mode('PROVISIONED')
  await call(door.url, 'UpdateShardCount', { StreamName: 's', TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' })
  await mode('ON_DEMAND')
  expect(openShards()).toBe(4)
  await take(12, 4000)
  await shards(8)
})

test('a provisioned stream, and one without limits, stays as it is', async () => {
  await open()
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 4 })
  await write(12, 4, 600)
  expect(openShards()).toBe(4)
  await door.close()
  await open({ 'kinesis.limits': 'off' })
  await call(door.url, 'CreateStream', onDemand('s'))
  await write(12, 4, 600)
  expect(openShards()).toBe(4)
})

test('warm throughput brings shards before the traffic does, and releases those that no peak needs', async () => {
  await open({ 'kinesis.limits': 'off' })
  await call(door.url, 'CreateStream', onDemand('s'))
  await call(door.url, 'UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } })
  const warm = (WarmThroughputMiBps: number) => call(door.url, 'UpdateStreamWarmThroughput', { StreamARN: arn, WarmThroughputMiBps })
  expect((await warm(16)).body['WarmThroughput']).toEqual({ TargetMiBps: 16, CurrentMiBps: 16 })
  expect(openShards()).toBe(16)
  expect(door.engine.topics.get('s')!.partitions.filter(({ retired }) => retired)).toHaveLength(0)
  expect((await warm(6)).body['WarmThroughput']).toEqual({ TargetMiBps: 6, CurrentMiBps: 6 })
  expect((await warm(0)).body['WarmThroughput']).toEqual({ TargetMiBps: 0, CurrentMiBps: 4 })
  expect((await warm(201)).body).toMatchObject({ __type: 'LimitExceededException' })
  expect(openShards()).toBe(4)
})

test('a peak holds its shards for thirty days, also through restarts', async () => {
  clock = new ManualClock()
  const store = openMemoryStore({ stamp, now: () => clock.now(), flush: 'sync', recentBytesMax: 0, onFailure: () => {} })
  const settings = { 'kinesis.limits': 'on' }
  const restart = async (afterMs: number): Promise<void> => {
    await door.server.close(0)
    door.engine.close()
    clock = new ManualClock(clock.now() + afterMs)
    door = await openDoor({ clock, settings, store })
  }
  const warm = (WarmThroughputMiBps: number) => call(door.url, 'UpdateStreamWarmThroughput', { StreamARN: arn, WarmThroughputMiBps })
  door = await openDoor({ clock, settings, store })
  await call(door.url, 'CreateStream', onDemand('s'))
  await take(12, 4000)
  await shards(8)
  await call(door.url, 'UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } })
  await restart(1000)
  await warm(4)
  expect(openShards()).toBe(8)
  await restart(31 * 86_400_000)
  await warm(4)
  expect(openShards()).toBe(4)
})

test('warm throughput is for on-demand streams of accounts with the commitment, also at creation', async () => {
  await open({ 'kinesis.limits': 'off' })
  const refused = async (operation: string, input: object) => expect((await call(door.url, operation, input)).body['__type'], operation)
  ;(await refused('CreateStream', { ...onDemand('s'), WarmThroughputMiBps: 8 })).toBe('InvalidArgumentException')
  await call(door.url, 'UpdateAccountSettings', { MinimumThroughputBillingCommitment: { Status: 'ENABLED' } })
  ;(await refused('CreateStream', { StreamName: 's', ShardCount: 1, WarmThroughputMiBps: 8 })).toBe('InvalidArgumentException')
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 2 })
  ;(await refused('UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'PROVISIONED' }, WarmThroughputMiBps: 8 })).toBe(
    'InvalidArgumentException',
  )
  await call(door.url, 'UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
  expect(openShards()).toBe(2)
  await call(door.url, 'UpdateStreamMode', { StreamARN: arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' }, WarmThroughputMiBps: 8 })
  expect(openShards()).toBe(8)
  await call(door.url, 'CreateStream', { ...onDemand('warm'), WarmThroughputMiBps: 8 })
  expect(door.engine.topics.get('warm')!.partitions).toHaveLength(8)
})
