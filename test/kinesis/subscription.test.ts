// Subscriptions under a clock that a test moves: five minutes, silence, taking over, and consumers' states.
import http2 from 'node:http2'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { call, type DoorUnderTest, openDoor, signed } from './harness.ts'

const clock = new ManualClock()
let door: DoorUnderTest
let session: http2.ClientHttp2Session
beforeEach(async () => {
  door = await openDoor({ clock })
  session = http2.connect(door.url)
})
afterEach(async () => {
  session.destroy()
  await door.close()
})

const streamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
)

/** Frames of an event stream as `type payload`, one by one; null at the end. */
class Events {
  readonly #frames: (string | null)[] = []
  #waiting: ((frame: string | null) => void) | null = null
  #bytes = Buffer.alloc(0)

  constructor(stream: http2.ClientHttp2Stream) {
    stream.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      for (;;) {
        const length = this.#bytes.length < 4 ? Number.POSITIVE_INFINITY : this.#bytes.readUInt32BE(0)
        if (this.#bytes.length < length) return
        const message = codec.decode(this.#bytes.subarray(0, length))
        this.#bytes = this.#bytes.subarray(length)
        const type = message.headers[':event-type']?.value ?? message.headers[':exception-type']?.value
        this.#give(`${String(type)} ${Buffer.from(message.body).toString()}`)
      }
    })
    stream.on('end', () => this.#give(null))
    stream.on('error', () => this.#give(null))
  }

  #give(frame: string | null): void {
    if (this.#waiting) this.#waiting(frame)
    else this.#frames.push(frame)
    this.#waiting = null
  }

  next(): Promise<string | null> {
    if (this.#frames.length > 0) return Promise.resolve(this.#frames.shift()!)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}

async function subscribe(consumerARN: string, shard = 0): Promise<Events | string> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.SubscribeToShard', ...signed }
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers })
  stream.end(
    JSON.stringify({ ConsumerARN: consumerARN, ShardId: `shardId-${String(shard).padStart(12, '0')}`, StartingPosition: { Type: 'TRIM_HORIZON' } }),
  )
  const [answer] = await new Promise<[http2.IncomingHttpHeaders]>((resolve) => stream.once('response', (given) => resolve([given])))
  if (answer['content-type'] === 'application/vnd.amazon.eventstream') return new Events(stream)
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

async function ready(): Promise<{ arn: string; events: Events }> {
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const { body } = await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: 'c' })
  const arn = (body['Consumer'] as { ConsumerARN: string }).ConsumerARN
  const events = (await subscribe(arn)) as Events
  expect(await events.next()).toBe('initial-response {}')
  return { arn, events }
}
const put = () => call(door.url, 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data: 'eA==' })

test('a silent shard still says every five seconds that the connection lives, and where the reader stands', async () => {
  const { events } = await ready()
  expect(await events.next()).toMatch(/^SubscribeToShardEvent \{"Records":\[\],"ContinuationSequenceNumber":"\d{56}","MillisBehindLatest":0\}$/)
  for (let i = 0; i < 2; i++) {
    await clock.advance(5000)
    expect(await events.next()).toContain('"Records":[]')
  }
  await put()
  expect(await events.next()).toContain('"Data":"eA=="')
})

test('a subscription ends after five minutes', async () => {
  const { events } = await ready()
  for (let frame = await events.next(); frame !== null; frame = await events.next()) await clock.advance(5000)
  expect(clock.now()).toBeGreaterThan(0)
})

test('a second call within five seconds is refused; a later one takes over', async () => {
  const { arn, events } = await ready()
  expect(await subscribe(arn)).toContain('"__type":"ResourceInUseException"')
  await events.next()
  await clock.advance(5000)
  expect(await events.next()).toContain('SubscribeToShardEvent')
  const second = (await subscribe(arn)) as Events
  expect(await second.next()).toBe('initial-response {}')
  expect(await events.next()).toMatch(/^ResourceInUseException \{"message":".*took over\."\}$/)
  expect(await events.next()).toBeNull()
  await put()
  let frame = await second.next()
  while (!frame?.includes('eA==')) frame = await second.next()
})

test('deregistering a consumer ends its subscriptions', async () => {
  const { arn, events } = await ready()
  await events.next()
  await call(door.url, 'DeregisterStreamConsumer', { ConsumerARN: arn })
  expect(await events.next()).toContain('ResourceNotFoundException')
  expect(await events.next()).toBeNull()
})

test('with limits a subscription is pushed two MiB a second', async () => {
  door.engine.settings.set('kinesis.limits', 'on')
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  const Data = Buffer.alloc(900_000).toString('base64')
  const megabytes = 8
  for (let i = 0; i < megabytes; i++) {
    await call(door.url, 'PutRecord', { StreamName: 's', PartitionKey: 'k', Data })
    await clock.advance(1000)
  }
  const { body } = await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: 'c' })
  const events = (await subscribe((body['Consumer'] as { ConsumerARN: string }).ConsumerARN)) as Events
  await events.next()
  const beganMs = clock.now()
  let done = false
  const pushed = (async () => {
    for (let got = 0; got < megabytes; got++) await events.next()
    done = true
  })()
  while (!done && clock.now() < beganMs + 60_000) {
    await Promise.race([pushed, new Promise((turn) => setTimeout(turn, 10))])
    await clock.advance(25)
  }
  expect(done).toBe(true)
  // What fills the allowance at the start, and the last record, are not waited for.
  expect(clock.now() - beganMs).toBeGreaterThan(((megabytes * 900_000) / 2 ** 21 - 1.5) * 1000)
})

test('a key that becomes unusable ends a subscription with its exception', async () => {
  const { events } = await ready()
  await events.next()
  await call(door.url, 'StartStreamEncryption', { StreamName: 's', EncryptionType: 'KMS', KeyId: 'alias/mine' })
  door.engine.settings.set('kinesis.kms.keys', 'alias/mine=disabled')
  await clock.advance(5000)
  expect(await events.next()).toBe('KMSDisabledException {"message":"alias/mine is disabled."}')
  expect(await events.next()).toBeNull()
})

test('a hundred subscriptions share a connection, and each is told of its own shard by the commit', async () => {
  const shards = 100
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: shards })
  const { body } = await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: 'c' })
  const { ConsumerARN } = body['Consumer'] as { ConsumerARN: string }
  const all = (await Promise.all(Array.from({ length: shards }, (_, shard) => subscribe(ConsumerARN, shard)))) as Events[]
  for (const events of all) for (let frame = 0; frame < 2; frame++) await events.next()
  // The clock stands still: nothing but the commit can wake them.
  const width = 2n ** 128n / BigInt(shards)
  const Records = all.map((_, i) => ({ PartitionKey: `${i}`, ExplicitHashKey: String(width * BigInt(i)), Data: '' }))
  await call(door.url, 'PutRecords', { StreamName: 's', Records })
  for (const [i, events] of all.entries()) expect(await events.next()).toContain(`"PartitionKey":"${i}"`)
})

test('deleting the stream ends its subscriptions', async () => {
  const { events } = await ready()
  await events.next()
  await call(door.url, 'DeleteStream', { StreamName: 's', EnforceConsumerDeletion: true })
  expect(await events.next()).toContain('ResourceNotFoundException')
  expect(await events.next()).toBeNull()
})

test('stopping the door ends subscriptions at once', async () => {
  const { events } = await ready()
  await events.next()
  await door.server.close(60_000)
  expect(await events.next()).toBeNull()
})

test('consumers are listed of the stream that was made then, page by page', async () => {
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  for (const ConsumerName of ['a', 'b']) await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName })
  const list = async (more: object) => (await call(door.url, 'ListStreamConsumers', { StreamARN: streamARN, ...more })).body
  const StreamCreationTimestamp = Math.floor(clock.now() / 1000)
  const first = await list({ StreamCreationTimestamp, MaxResults: 1 })
  expect((first['Consumers'] as object[]).length).toBe(1)
  const { NextToken } = first
  expect(((await list({ NextToken }))['Consumers'] as object[])[0]).toMatchObject({ ConsumerName: 'b' })
  expect((await list({ StreamCreationTimestamp: StreamCreationTimestamp - 60 }))['__type']).toBe('ResourceNotFoundException')
  expect((await list({ StreamCreationTimestamp, NextToken }))['__type']).toBe('InvalidArgumentException')
})

test('a consumer may be named in both ways, as long as they do not conflict', async () => {
  const { arn } = await ready()
  const describe = async (input: object): Promise<unknown> =>
    (await call(door.url, 'DescribeStreamConsumer', { ConsumerARN: arn, ...input })).body['__type'] ?? 'described'
  expect(await describe({ StreamARN: streamARN, ConsumerName: 'c' })).toBe('described')
  expect(await describe({ StreamARN: streamARN, ConsumerName: 'other' })).toBe('InvalidArgumentException')
  expect(await describe({ StreamARN: streamARN.replace('stream/s', 'stream/t') })).toBe('InvalidArgumentException')
})

test('twenty consumers are registered, and no more', async () => {
  await call(door.url, 'CreateStream', { StreamName: 's', ShardCount: 1 })
  for (let i = 0; i < 20; i++)
    expect((await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: `c${i}` })).status).toBe(200)
  expect((await call(door.url, 'RegisterStreamConsumer', { StreamARN: streamARN, ConsumerName: 'more' })).body['__type']).toBe(
    'LimitExceededException',
  )
})
