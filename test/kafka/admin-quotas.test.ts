// Quotas over the wire: who has which, and what it does. A broker under a test's clock, so that a minute of throttling takes no time.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alterClientQuotas } from '../../protocol/messages/alter-client-quotas.ts'
import { createPartitions } from '../../protocol/messages/create-partitions.ts'
import { createTopics } from '../../protocol/messages/create-topics.ts'
import { deleteTopics } from '../../protocol/messages/delete-topics.ts'
import { describeClientQuotas } from '../../protocol/messages/describe-client-quotas.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { metadata } from '../../protocol/messages/metadata.ts'
import { produce } from '../../protocol/messages/produce.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { ManualClock } from '../../src/clock.ts'
import { frameOf, readAnswer, Wire } from './harness.ts'
import { RawClient } from './raw-client.ts'

let clock: ManualClock
let broker: Broker
let admin: RawClient
let clients: RawClient[]

beforeEach(async () => {
  clock = new ManualClock()
  broker = await createBroker({ clock })
  clients = []
  admin = await connect('admin')
})
afterEach(async () => {
  for (const client of clients) client.close()
  await broker.close()
})

async function connect(clientId: string): Promise<RawClient> {
  const client = await RawClient.connect(broker.kafka, clientId)
  clients.push(client)
  return client
}

type Entity = Record<string, string | null>
const parts = (entity: Entity) => Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }))
/** Null takes a quota away. */
const set = async (entity: Entity, quotas: Record<string, number | null>, validateOnly = false) => {
  const ops = Object.entries(quotas).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null }))
  const { entries } = await admin.ask(alterClientQuotas, 1, { entries: [{ entity: parts(entity), ops }], validateOnly })
  return `${entries[0]?.errorCode} ${entries[0]?.errorMessage}`
}
const list = async (components: [type: string, matchType: number, match: string | null][] = [], strict = false, version = 1) => {
  const asked = components.map(([entityType, matchType, match]) => ({ entityType, matchType, match }))
  const answer = await admin.ask(describeClientQuotas, version, { components: asked, strict })
  if (answer.errorCode !== 0) return `${answer.errorCode} ${answer.errorMessage}`
  return answer.entries
    ?.map(({ entity, values }) => {
      const names = entity.map(({ entityType, entityName }) => `${entityType}=${entityName}`).sort()
      return `${names}: ${values.map(({ key, value }) => `${key}=${value}`)}`
    })
    .sort()
}
const topic = (name: string, numPartitions = 1) => ({ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] })
const create = async (name: string, numPartitions = 1) => admin.ask(createTopics, 7, { topics: [topic(name, numPartitions)] })

const batch = (bytes: number): Buffer => buildBatch([{ timestampMs: clock.now(), key: null, value: Buffer.alloc(bytes, 7) }])
const send = (client: RawClient, bytes: number) =>
  client.ask(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', topicId: zeroUuid, partitionData: [{ index: 0, records: batch(bytes) }] }],
  })
const read = (client: RawClient, fetchOffset: number, maxBytes = 50_000_000) =>
  client.ask(fetch, 11, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: 't', topicId: zeroUuid, partitions: [{ partition: 0, currentLeaderEpoch: -1, fetchOffset, partitionMaxBytes: 50_000_000 }] }],
    forgottenTopicsData: [],
    replicaState: { replicaId: -1, replicaEpoch: -1 },
  })
const recordBytes = (answer: Awaited<ReturnType<typeof read>>) => answer.responses[0]?.partitions[0]?.records?.length ?? 0
const ping = (client: RawClient) =>
  client.ask(metadata, 9, { topics: [], includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false })

/** Whether a promise settles while the loop turns and time stands still. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => {
      settled = true
    },
    () => {
      settled = true
    },
  )
  // What must come has come when another client's request, sent later, is answered.
  for (let round = 0; round < 5; round++) await ping(admin)
  return settled
}

describe('quotas are kept', () => {
  test('set, changed, taken away, and listed by what a filter asks', async () => {
    expect(await set({ 'client-id': 'c1' }, { producer_byte_rate: 1024 })).toBe('0 null')
    await set({ user: null }, { consumer_byte_rate: 5 })
    await set({ user: 'u', 'client-id': null }, { request_percentage: 50.5 })
    await set({ ip: '10.0.0.1' }, { connection_creation_rate: 500 })
    const [one, two, three, four] = [
      'client-id=c1: producer_byte_rate=1024',
      'client-id=null,user=u: request_percentage=50.5',
      'ip=10.0.0.1: connection_creation_rate=500',
      'user=null: consumer_byte_rate=5',
    ]
    expect(await list()).toEqual([one, two, three, four])
    expect(await list([], false, 0)).toEqual([one, two, three, four])
    expect(await list([], true)).toEqual([])
    expect(await list([['client-id', 0, 'c1']])).toEqual([one])
    expect(await list([['client-id', 1, null]])).toEqual([two])
    expect(await list([['client-id', 1, null]], true)).toEqual([])
    expect(await list([['client-id', 2, null]])).toEqual([one, two])
    const both: [string, number, null][] = [
      ['user', 2, null],
      ['client-id', 2, null],
    ]
    expect(await list(both, true)).toEqual([two])
    expect(await list([['user', 2, null]], true)).toEqual([four])
    await set({ 'client-id': 'c1' }, { producer_byte_rate: null, consumer_byte_rate: 9 })
    await set({ user: null }, { consumer_byte_rate: null })
    expect(await list()).toEqual(['client-id=c1: consumer_byte_rate=9', two, three])
  })

  test('what is only validated is not set', async () => {
    expect(await set({ 'client-id': 'c' }, { producer_byte_rate: 1 }, true)).toBe('0 null')
    expect(await list()).toEqual([])
  })

  test.each([
    [{ 'client-id': 'c' }, { nope: 1 }, '42 Invalid configuration key nope'],
    [{ nope: 'c' }, { producer_byte_rate: 1 }, '42 Unhandled client quota entity type: nope'],
    [{ ip: 'not an ip' }, { connection_creation_rate: 1 }, '42 not an ip is not a valid IP'],
    [{}, { producer_byte_rate: 1 }, '42 Invalid empty client quota entity'],
    [{ 'client-id': 'c' }, { connection_creation_rate: 1 }, '42 Invalid configuration key connection_creation_rate'],
    [{ 'client-id': 'c' }, { producer_byte_rate: -1 }, '42 Quota producer_byte_rate must be greater than 0'],
    [{ 'client-id': 'c' }, { request_percentage: 0 }, '42 Quota request_percentage must be greater than 0'],
    [{ 'client-id': '' }, { producer_byte_rate: 1 }, '42 Empty client-id not supported'],
    [{ 'client-id': 'c' }, { producer_byte_rate: 1.5 }, '42 producer_byte_rate cannot be a fractional value.'],
    [{ 'client-id': 'c' }, { producer_byte_rate: Number.NaN }, '42 Quota producer_byte_rate must be a finite number'],
    [{ ip: '1.2.3.4', user: 'u' }, { connection_creation_rate: 1 }, /^42 Invalid quota entity combination/],
  ])('%j cannot have %j', async (entity, quotas, answer) => {
    expect(await set(entity as unknown as Entity, quotas as unknown as Record<string, number>)).toMatch(answer)
    expect(await list()).toEqual([])
  })

  test.each([
    [['ip', 2, null], ['user', 2, null], /^42 Invalid entity filter component combination/],
    [['nope', 2, null], null, '35 Unsupported entity type nope'],
    [['user', 2, null], ['user', 1, null], '42 Entity type user cannot appear more than once in the filter.'],
    [['user', 7, null], null, '42 Unknown match type 7'],
    [['user', 0, null], null, '42 Request specified MATCH_TYPE_EXACT, but set match string to null.'],
    [['', 0, 'x'], null, '42 Invalid empty entity type.'],
  ])('filter %j %j is refused', async (first, second, answer) => {
    const components = [first, second].filter((one) => one !== null) as [string, number, string | null][]
    expect(await list(components)).toMatch(answer)
  })

  test('a number that is none or has no end is refused, and so is an entity that stands twice, once and with all that is wanted of it', async () => {
    const words = 'Quota request_percentage must be a finite number'
    for (const value of [Number.POSITIVE_INFINITY, Number.NaN]) expect(await set({ user: 'a' }, { request_percentage: value })).toBe(`42 ${words}`)
    expect(await set({ user: 'a' }, { producer_byte_rate: 1e300 })).toBe('42 Proposed value for producer_byte_rate is too large for a LONG.')
    const opsOf = (...values: number[]) => values.map((value) => ({ key: 'producer_byte_rate', value, remove: false }))
    const entity = [
      { entityType: 'user', entityName: 'a' },
      { entityType: 'client-id', entityName: null },
    ]
    const twice = { errorCode: 42, errorMessage: 'Ignoring duplicate entity ClientQuotaEntity(entries={client-id=null, user=a})' }
    const entries = [
      { entity, ops: opsOf(1) },
      { entity: [...entity].reverse(), ops: opsOf(2) },
    ]
    expect((await admin.ask(alterClientQuotas, 1, { entries, validateOnly: false })).entries).toEqual([{ ...twice, entity }])
    expect((await admin.ask(alterClientQuotas, 1, { entries: [{ entity, ops: opsOf(1, 2) }], validateOnly: false })).entries).toEqual([
      { ...twice, entity },
    ])
    expect(await list()).toEqual([])
  })

  test('quotas are there after a restart', async () => {
    const data = await mkdtemp(join(tmpdir(), 'twinlog-quotas-'))
    await using first = await createBroker({ data })
    await using before = await RawClient.connect(first.kafka)
    const ops = [{ key: 'producer_byte_rate', value: 77, remove: false }]
    await before.ask(alterClientQuotas, 1, { entries: [{ entity: parts({ 'client-id': null }), ops }], validateOnly: false })
    await first.close()
    await using second = await createBroker({ data })
    await using after = await RawClient.connect(second.kafka)
    const { entries } = await after.ask(describeClientQuotas, 1, { components: [], strict: false })
    expect(entries).toEqual([{ entity: [{ entityType: 'client-id', entityName: null }], values: [{ key: 'producer_byte_rate', value: 77 }] }])
    await second.close()
    await rm(data, { recursive: true })
  })
})

describe('quotas act', () => {
  test('a producer over its rate is told so, and its next request waits that long', async () => {
    await create('t')
    await set({ 'client-id': 'fast' }, { producer_byte_rate: 1000 })
    const [fast, other] = [await connect('fast'), await connect('other')]
    const answer = await send(fast, 100_000)
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
    // A little over 100,000 bytes in ten seconds are about 90 s too much.
    expect(answer.throttleTimeMs).toBeGreaterThan(90_000)
    expect(answer.throttleTimeMs).toBeLessThan(91_000)
    const next = ping(fast)
    expect(await settles(next)).toBe(false)
    expect((await send(other, 100_000)).throttleTimeMs).toBe(0)
    await clock.advance(answer.throttleTimeMs - 1)
    expect(await settles(next)).toBe(false)
    await clock.advance(1)
    await next
    expect((await send(fast, 100)).throttleTimeMs).toBe(0)
  })

  test('what a producer has sent behind the request that went over its rate waits as well', async () => {
    await create('t')
    await set({ 'client-id': 'test' }, { producer_byte_rate: 1000 })
    await using wire = await Wire.open(broker.kafka.port)
    const topicData = [{ name: 't', topicId: zeroUuid, partitionData: [{ index: 0, records: batch(9_000) }] }]
    const request = { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData }
    wire.write(Buffer.concat([1, 2, 3, 4, 5].map((id) => frameOf(produce, 9, id, request))))
    const next = async () => readAnswer(produce, 9, await wire.next()).body
    const first = await next()
    const second = await next()
    expect(first.throttleTimeMs).toBe(0)
    // 18,000 bytes and a little, where 10,000 in ten seconds may be.
    expect(second.throttleTimeMs).toBeGreaterThan(8_000)
    const other = await connect('other')
    expect((await send(other, 10)).responses[0]?.partitionResponses[0]?.baseOffset).toBe(2)
    await clock.advance(second.throttleTimeMs)
    const third = await next()
    expect([third.responses[0]?.partitionResponses[0]?.baseOffset, third.throttleTimeMs > 8_000]).toEqual([3, true])
  })

  test('an answer that a consumer’s rate does not allow comes empty, and whole after the wait', async () => {
    await create('t')
    const [writer, reader] = [await connect('writer'), await connect('reader')]
    for (let sent = 0; sent < 4; sent++) await send(writer, 9000)
    await set({ 'client-id': 'reader' }, { consumer_byte_rate: 1000 })
    // 10 s of 1,000 bytes: one batch fits, however many were asked for.
    const first = await read(reader, 0)
    expect(recordBytes(first)).toBeGreaterThan(9000)
    expect(recordBytes(first)).toBeLessThan(10_000)
    const second = await read(reader, 1)
    expect(recordBytes(second)).toBe(0)
    expect(second.throttleTimeMs).toBeGreaterThan(5000)
    const third = read(reader, 1)
    expect(await settles(third)).toBe(false)
    await clock.advance(second.throttleTimeMs)
    // Four batches at 1,000 bytes a second, a burst of ten seconds apart, take about half a minute, and not much more.
    const startMs = clock.now()
    let answer = await third
    for (let offset = 1; offset < 4; ) {
      if (recordBytes(answer) > 0) offset++
      await clock.advance(answer.throttleTimeMs)
      if (offset < 4) answer = await read(reader, offset)
    }
    expect(clock.now() - startMs).toBeGreaterThan(15_000)
    expect(clock.now() - startMs).toBeLessThan(60_000)
  })

  test('a batch that is larger than the quota’s whole window still arrives', async () => {
    await create('t')
    const [writer, reader] = [await connect('writer'), await connect('reader')]
    await send(writer, 90_000)
    await set({ 'client-id': 'reader' }, { consumer_byte_rate: 10 })
    expect(recordBytes(await read(reader, 0))).toBeGreaterThan(90_000)
  })

  test('the closest quota counts: a client’s own before the default’s, and of the user’s before the client’s', async () => {
    await create('t')
    await set({ 'client-id': null }, { producer_byte_rate: 10 })
    await set({ 'client-id': 'own' }, { producer_byte_rate: 1_000_000 })
    const [own, other] = [await connect('own'), await connect('other')]
    expect((await send(own, 10_000)).throttleTimeMs).toBe(0)
    expect((await send(other, 10_000)).throttleTimeMs).toBeGreaterThan(0)
    await set({ user: 'ANONYMOUS' }, { producer_byte_rate: 20 })
    expect((await send(own, 10_000)).throttleTimeMs).toBeGreaterThan(0)
  })

  test('a client that takes more than its share of the thread is held for a second at most', async () => {
    await create('t')
    await set({ 'client-id': 'busy' }, { request_percentage: 0.000001 })
    const busy = await connect('busy')
    expect((await ping(busy)).throttleTimeMs).toBe(1000)
    const next = ping(busy)
    expect(await settles(next)).toBe(false)
    await clock.advance(1000)
    await next
  })

  test('a client that changes topics too fast is refused where it knows the code, and held where it does not', async () => {
    await set({ 'client-id': 'maker' }, { controller_mutation_rate: 1 })
    const maker = await connect('maker')
    const make = async (version: number, name: string, count: number) => {
      const answer = await maker.ask(createTopics, version, { topics: [topic(name, count)] })
      return [answer.topics[0]?.errorCode, answer.throttleTimeMs]
    }
    // A burst of eleven, and the debt that the last one leaves.
    expect(await make(7, 'a', 15)).toEqual([0, 4000])
    await clock.advance(4000)
    expect(await make(7, 'b', 1)).toEqual([0, 1000])
    await clock.advance(900)
    // The connection is muted: another one of the same client learns it at once.
    const again = await connect('maker')
    const refused = await again.ask(createTopics, 7, { topics: [topic('c')] })
    expect([refused.topics[0]?.errorCode, refused.throttleTimeMs]).toEqual([89, 100])
    await clock.advance(1000)
    expect(await make(5, 'd', 3)).toEqual([0, 2100])
    const third = await connect('maker')
    const grown = await third.ask(createPartitions, 3, { topics: [{ name: 'd', count: 4, assignments: null }], timeoutMs: 100, validateOnly: false })
    expect(grown.results[0]?.errorCode).toBe(89)
    const fourth = await connect('maker')
    const deleted = await fourth.ask(deleteTopics, 5, { topics: [], topicNames: ['d'], timeoutMs: 100 })
    expect(deleted.responses[0]?.errorCode).toBe(89)
  })

  test('a client that would have to wait for years is told of as many days as the field holds', async () => {
    await set({ 'client-id': 'slow' }, { controller_mutation_rate: 1e-9 })
    const answer = await (await connect('slow')).ask(createTopics, 7, { topics: [topic('t')] })
    expect([answer.topics[0]?.errorCode, answer.throttleTimeMs]).toEqual([0, 2 ** 31 - 1])
  })

  test('an address that connects too often is kept waiting and closed', async () => {
    await set({ ip: '127.0.0.1' }, { connection_creation_rate: 1 })
    for (let made = 0; made < 10; made++) await ping(await connect('quick'))
    const over = await connect('quick')
    const asked = ping(over)
    expect(await settles(asked)).toBe(false)
    await clock.advance(1000)
    await expect(asked).rejects.toThrow('closed')
    await clock.advance(11_000)
    await ping(await connect('quick'))
  })

  test('without quotas nothing is throttled', async () => {
    await create('t')
    const client = await connect('any')
    expect((await send(client, 1_000_000)).throttleTimeMs).toBe(0)
  })
})
