// lifion-kinesis (npm) as a polling consumer, through a split and a merge, with its leases in dynalite: no record may be lost. Its dependencies
// are heavy and old, so that it is no part of the suite; README.md says how to run it, and why its enhanced fan-out is left out.
import { createRequire } from 'node:module'

const require = createRequire(`${process.cwd()}/`)
const Kinesis = require('lifion-kinesis')
const dynalite = require('dynalite')
const { Kinesis: Client } = require('@aws-sdk/client-kinesis')

const endpoint = process.argv[2] ?? 'http://127.0.0.1:4567'
const recordsPerPut = 200
const putsPerPhase = 10
const patienceMs = 60_000

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
const leases = dynalite({ createTableMs: 0 })
const leasePort = await new Promise((listening) => leases.listen(0, '127.0.0.1', () => listening(leases.address().port)))

const pause = (ms) => new Promise((later) => setTimeout(later, ms))

/** Puts a phase's records, and notes them. */
async function putAll(client, StreamName, phase, sent) {
  for (let n = 0; n < putsPerPhase; n++) {
    const Records = Array.from({ length: recordsPerPut }, (_, i) => {
      const id = `${phase}-${n}-${i}`
      sent.add(id)
      return { Data: Buffer.from(JSON.stringify({ id })), PartitionKey: id }
    })
    const { FailedRecordCount } = await client.putRecords({ StreamName, Records })
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records failed`)
  }
}

async function active(client, StreamName) {
  while ((await client.describeStreamSummary({ StreamName })).StreamDescriptionSummary.StreamStatus !== 'ACTIVE') await pause(50)
}

async function run() {
  const streamName = `lifion-${Date.now()}`
  const client = new Client({ endpoint, region: 'us-east-1', credentials })
  await client.createStream({ StreamName: streamName, ShardCount: 2 })
  await active(client, streamName)
  const consumer = new Kinesis({
    streamName,
    initialPositionInStream: 'TRIM_HORIZON',
    leaseAcquisitionInterval: 1000,
    noRecordsPollDelay: 200,
    consumerGroup: 'group',
    endpoint,
    region: 'us-east-1',
    ...credentials,
    dynamoDb: { endpoint: `http://127.0.0.1:${leasePort}`, region: 'us-east-1', ...credentials, tableName: streamName },
  })
  const seen = new Map()
  consumer.on('data', ({ records }) => {
    for (const { data } of records) seen.set(data.id, (seen.get(data.id) ?? 0) + 1)
  })
  consumer.on('error', (error) => console.log(`error: ${error.message}`))
  await consumer.startConsumer()
  const sent = new Set()
  await putAll(client, streamName, 'before', sent)
  await client.splitShard({ StreamName: streamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '1000000000000000000000000000000000' })
  await active(client, streamName)
  await putAll(client, streamName, 'split', sent)
  await client.mergeShards({ StreamName: streamName, ShardToMerge: 'shardId-000000000003', AdjacentShardToMerge: 'shardId-000000000001' })
  await active(client, streamName)
  await putAll(client, streamName, 'merged', sent)
  const untilMs = Date.now() + patienceMs
  while (seen.size < sent.size && Date.now() < untilMs) await pause(100)
  const missing = [...sent].filter((id) => !seen.has(id))
  const twice = [...seen.values()].filter((count) => count > 1).length
  console.log(`${streamName}: put ${sent.size}, seen ${seen.size}, missing ${missing.length}, more than once ${twice}`)
  return missing.length === 0
}

// The process ends without stopConsumer(): in 1.3.3 that throws where a shard has ended.
process.exit((await run()) ? 0 : 1)
