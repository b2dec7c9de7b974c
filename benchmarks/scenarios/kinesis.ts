// The Kinesis door: records put by hundreds and one by one, a stream read to its end, and the time until a record is seen, by polling and by enhanced fan-out.
import { AwsWire, awsOnce, awsRequest } from '../aws-wire.ts'
import { EventFrames } from '../event-frames.ts'
import { latencyFigures } from '../figures.ts'
import { anonymousMb, closedLoop, closedLoopFor, costOf, openLoop, until } from '../load.ts'
import type { Figures, Knobs, Scenario } from '../scenario.ts'
import { type Server, usageOf } from '../servers.ts'
import { noise } from '../wire.ts'

const StreamName = 'bench'
const shardCount = 4
const recordBytes = 1000
/** What PutRecords takes at most. */
const recordsPerRequest = 500

async function openStream(server: Server, shards = shardCount): Promise<void> {
  await call(server, 'CreateStream', { StreamName, ShardCount: shards })
  await until(async () => (await summary(server)).StreamStatus === 'ACTIVE', 10)
}

const call = <Output>(server: Server, operation: string, input: unknown): Promise<Output> =>
  awsOnce<Output>(server.host, server.ports.aws, operation, input)

interface Summary {
  StreamStatus: string
  StreamARN: string
}

const summary = async (server: Server): Promise<Summary> =>
  (await call<{ StreamDescriptionSummary: Summary }>(server, 'DescribeStreamSummary', { StreamName })).StreamDescriptionSummary

const openAll = (server: Server, count: number): Promise<AwsWire[]> =>
  Promise.all(Array.from({ length: count }, () => AwsWire.open(server.host, server.ports.aws)))

/** Requests made beforehand, with partition keys that spread over the shards. */
function putRecordsRequests(): Buffer[] {
  return Array.from({ length: 8 }, (_, n) => {
    const Records = Array.from({ length: recordsPerRequest }, (_, i) => ({
      Data: noise(recordBytes, n * recordsPerRequest + i).toString('base64'),
      PartitionKey: `key-${n}-${i}`,
    }))
    return awsRequest('PutRecords', { StreamName, Records })
  })
}

/** Looks at the count of failed records without parsing what else there is: that is the server's work, not the client's. */
function checkPut(answer: Buffer): void {
  if (!/"FailedRecordCount":\s*0\b/.test(answer.toString('latin1'))) throw new Error(`records failed: ${answer.subarray(0, 300)}`)
}

const perHundredThousand = (cpuSeconds: number, records: number): number => (cpuSeconds / records) * 100_000

async function putRecords(connections: number, server: Server, { seconds }: Knobs): Promise<Figures> {
  await openStream(server)
  const wires = await openAll(server, connections)
  const requests = putRecordsRequests()
  const put = async (n: number, lane: number): Promise<void> => checkPut(await wires[lane]!.send(requests[n % requests.length]!))
  await closedLoopFor(seconds / 5, connections, put)
  const idle = usageOf(server.pid)
  let taken: number[] = []
  const cost = await costOf(server, async () => {
    taken = await closedLoopFor(seconds, connections, put)
  })
  for (const wire of wires) wire.close()
  const records = taken.length * recordsPerRequest
  return {
    'records/s': records / cost.seconds,
    ...latencyFigures('request', taken),
    'CPU s per 100,000': perHundredThousand(cost.cpuSeconds, records),
    'anonymous MB': anonymousMb(cost.after),
    'anonymous MB more': anonymousMb(cost.after) - anonymousMb(idle),
  }
}

async function putRecord(connections: number, server: Server, { seconds }: Knobs): Promise<Figures> {
  await openStream(server)
  const wires = await openAll(server, connections)
  const requests = Array.from({ length: 64 }, (_, n) =>
    awsRequest('PutRecord', { StreamName, Data: noise(recordBytes, n).toString('base64'), PartitionKey: `key-${n}` }),
  )
  const put = async (n: number, lane: number): Promise<void> => void (await wires[lane]!.send(requests[n % requests.length]!))
  await closedLoopFor(seconds / 5, connections, put)
  let taken: number[] = []
  const cost = await costOf(server, async () => {
    taken = await closedLoopFor(seconds, connections, put)
  })
  for (const wire of wires) wire.close()
  return {
    'records/s': taken.length / cost.seconds,
    ...latencyFigures('request', taken),
    'CPU s per 100,000': perHundredThousand(cost.cpuSeconds, taken.length),
    'anonymous MB': anonymousMb(cost.after),
  }
}

/** Every answer names these once a record, and the next iterator once. */
const recordMark = Buffer.from('"PartitionKey"')

/** What a drain needs of an answer, looked for and not parsed: parsing would be what is measured. */
function skim(answer: Buffer): { records: number; next: string } {
  let records = 0
  for (let at = answer.indexOf(recordMark); at >= 0; at = answer.indexOf(recordMark, at + recordMark.length)) records++
  const ends = answer.subarray(0, 2000).toString('latin1') + answer.subarray(-2000).toString('latin1')
  return { records, next: /"NextShardIterator":\s*"([^"]+)"/.exec(ends)?.[1] ?? '' }
}

interface GotRecords {
  Records: { Data: string }[]
  NextShardIterator: string
}

async function shardIds(server: Server): Promise<string[]> {
  const { Shards } = await call<{ Shards: { ShardId: string }[] }>(server, 'ListShards', { StreamName })
  return Shards.map(({ ShardId }) => ShardId)
}

const iteratorOf = async (server: Server, ShardId: string, ShardIteratorType: string): Promise<string> =>
  (await call<{ ShardIterator: string }>(server, 'GetShardIterator', { StreamName, ShardId, ShardIteratorType })).ShardIterator

/** A server that takes longer to be filled is drained of what it has by then; `records` says how much that was. */
const fillMsMax = 60_000

async function drain(server: Server, { bytes }: Knobs): Promise<Figures> {
  await openStream(server)
  const writers = await openAll(server, 4)
  const requests = putRecordsRequests()
  const wanted = Math.ceil(bytes / 2 / recordBytes / recordsPerRequest)
  const untilMs = performance.now() + fillMsMax
  let count = 0
  await closedLoop(wanted, writers.length, async (n, lane) => {
    if (performance.now() > untilMs) return
    checkPut(await writers[lane]!.send(requests[n % requests.length]!))
    count++
  })
  const shards = await shardIds(server)
  const wires = await openAll(server, shards.length)
  let got = 0
  const cost = await costOf(server, () =>
    Promise.all(
      shards.map(async (shard, lane) => {
        let iterator = await iteratorOf(server, shard, 'TRIM_HORIZON')
        for (;;) {
          const { records, next } = skim(await wires[lane]!.send(awsRequest('GetRecords', { ShardIterator: iterator, Limit: 10_000 })))
          if (records === 0) return
          got += records
          iterator = next
        }
      }),
    ),
  )
  for (const wire of [...writers, ...wires]) wire.close()
  if (got !== count * recordsPerRequest) throw new Error(`${got} of ${count * recordsPerRequest} records came back`)
  return {
    'records/s': got / cost.seconds,
    records: got,
    'CPU s per 100,000': perHundredThousand(cost.cpuSeconds, got),
    'anonymous MB': anonymousMb(cost.after),
  }
}

const putsPerSecond = 50

/** Puts at a steady rate; the data says when. A connection takes one request at a time: a slow server's puts queue behind it, and count as late. */
async function putSteadily(server: Server, seconds: number): Promise<void> {
  const lanes = (await openAll(server, 8)).map((wire) => ({ wire, free: Promise.resolve<unknown>(null) }))
  await openLoop(putsPerSecond, seconds, async (n) => {
    const lane = lanes[n % lanes.length]!
    const Data = Buffer.from(`${performance.now()}`).toString('base64')
    await (lane.free = lane.free.then(() => lane.wire.call('PutRecord', { StreamName, Data, PartitionKey: 'key' })))
  })
  for (const { wire } of lanes) wire.close()
}

const ageOf = (data: string): number => performance.now() - Number(Buffer.from(data, 'base64').toString())

async function visibleByPolling(server: Server, { seconds }: Knobs): Promise<Figures> {
  await openStream(server, 1)
  const [shard] = await shardIds(server)
  const wire = await AwsWire.open(server.host, server.ports.aws)
  let iterator = await iteratorOf(server, shard!, 'TRIM_HORIZON')
  const taken: number[] = []
  let putting = true
  const puts = putSteadily(server, seconds).finally(() => {
    putting = false
  })
  while (putting) {
    const answer = await wire.call<GotRecords>('GetRecords', { ShardIterator: iterator })
    for (const { Data } of answer.Records) taken.push(ageOf(Data))
    iterator = answer.NextShardIterator
  }
  await puts
  wire.close()
  return latencyFigures('put to visible', taken)
}

async function visibleByFanOut(server: Server, { seconds }: Knobs): Promise<Figures> {
  await openStream(server, 1)
  const [shard] = await shardIds(server)
  const { StreamARN } = await summary(server)
  const registered = await call<{ Consumer: { ConsumerARN: string } }>(server, 'RegisterStreamConsumer', { StreamARN, ConsumerName: 'bench' })
  const { ConsumerARN } = registered.Consumer
  const active = async (): Promise<boolean> => {
    const described = await call<{ ConsumerDescription: { ConsumerStatus: string } }>(server, 'DescribeStreamConsumer', { ConsumerARN })
    return described.ConsumerDescription.ConsumerStatus === 'ACTIVE'
  }
  await until(active, 10)
  const wire = await AwsWire.open(server.host, server.ports.aws)
  const taken: number[] = []
  const frames = new EventFrames((type, payload) => {
    if (type !== 'SubscribeToShardEvent') return
    for (const { Data } of (JSON.parse(payload.toString()) as GotRecords).Records) taken.push(ageOf(Data))
  })
  const subscription = { ConsumerARN, ShardId: shard, StartingPosition: { Type: 'TRIM_HORIZON' } }
  wire.stream(awsRequest('SubscribeToShard', subscription), (piece) => frames.take(piece))
  await putSteadily(server, seconds)
  await until(async () => taken.length >= Math.round(putsPerSecond * seconds), 10, 10_000)
  wire.close()
  return latencyFigures('put to event', taken)
}

const shared = { family: 'kinesis', door: 'aws' } as const
const more = { figure: 'records/s', more: 'better' } as const
const plural = (count: number): string => (count === 1 ? 'one connection' : `${count} connections`)

export const kinesisScenarios: readonly Scenario[] = [
  ...[1, 4].map(
    (count): Scenario => ({
      ...shared,
      name: `kinesis-put-records-${count}`,
      about: `PutRecords of 500 × 1 KB, JSON, four shards, ${plural(count)}`,
      headline: more,
      run: (server, knobs) => putRecords(count, server, knobs),
    }),
  ),
  ...[1, 16, 64].map(
    (count): Scenario => ({
      ...shared,
      name: `kinesis-put-record-${count}`,
      about: `PutRecord of 1 KB, JSON, four shards, ${plural(count)}`,
      headline: more,
      run: (server, knobs) => putRecord(count, server, knobs),
    }),
  ),
  { ...shared, name: 'kinesis-drain', about: 'half of --megabytes in 1 KB records read back, one connection a shard', headline: more, run: drain },
  {
    ...shared,
    name: 'kinesis-polling',
    about: '50 puts a second: until GetRecords without a pause has each',
    headline: { figure: 'put to visible p99 ms', more: 'worse' },
    run: visibleByPolling,
  },
  {
    ...shared,
    name: 'kinesis-fan-out',
    about: '50 puts a second: until SubscribeToShard brings each',
    without: { kinesalite: 'it has no enhanced fan-out' },
    headline: { figure: 'put to event p99 ms', more: 'worse' },
    run: visibleByFanOut,
  },
]
