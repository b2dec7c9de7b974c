// The built broker killed at random moments while its shards are split, merged and recounted under load: each reshard is there whole or
// not at all, for both doors, and every acknowledged record is in one shard, once.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateStreamCommand,
  KinesisClient,
  MergeShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterEach, expect, test } from 'vitest'
import { reservedPort } from '../../benchmarks/reserved-port.ts'
import { kafkaJs } from '../clients/patient.ts'
import { openRanges, readWhole, shardFaults, shardsOf } from '../kinesis/whole-stream.ts'
import { endAll, Product } from '../service/process.ts'

const kills = 12
const StreamName = 'resharded'
const data = mkdtempSync(join(tmpdir(), 'twinlog-crash-reshard-'))
const random = (below: number): number => Math.floor(Math.random() * below)

afterEach(async () => {
  await endAll()
  rmSync(data, { recursive: true, force: true })
})

/** Open shards as ranges, in order. */
async function open(client: KinesisClient): Promise<{ id: string; start: bigint; end: bigint }[]> {
  return (await shardsOf(client, StreamName))
    .filter(({ SequenceNumberRange: range }) => range!.EndingSequenceNumber === undefined)
    .map(({ ShardId, HashKeyRange: range }) => ({ id: ShardId!, start: BigInt(range!.StartingHashKey!), end: BigInt(range!.EndingHashKey!) + 1n }))
    .toSorted((a, b) => (a.start < b.start ? -1 : 1))
}

const text = (ranges: readonly { start: bigint; end: bigint }[]): string =>
  ranges.map(({ start, end }) => `${start.toString(16)}-${end.toString(16)}`).join(' ')

/** A reshard and what the open ranges are to be after it. */
function reshardOf(shards: readonly { id: string; start: bigint; end: bigint }[]): { after: string; run(client: KinesisClient): Promise<unknown> } {
  const at = random(shards.length)
  const kind = shards.length < 4 ? random(2) * 2 : random(3)
  if (kind === 0) {
    const { id, start, end } = shards[at]!
    const middle = start + (end - start) / 3n + 2n
    const after = [...shards.slice(0, at), { start, end: middle }, { start: middle, end }, ...shards.slice(at + 1)]
    return {
      after: text(after),
      run: (client) => client.send(new SplitShardCommand({ StreamName, ShardToSplit: id, NewStartingHashKey: String(middle) })),
    }
  }
  if (kind === 1) {
    const left = Math.min(at, shards.length - 2)
    const [lower, upper] = [shards[left]!, shards[left + 1]!]
    const after = [...shards.slice(0, left), { start: lower.start, end: upper.end }, ...shards.slice(left + 2)]
    return {
      after: text(after),
      run: (client) => client.send(new MergeShardsCommand({ StreamName, ShardToMerge: lower.id, AdjacentShardToMerge: upper.id })),
    }
  }
  const few = Math.ceil(shards.length / 2)
  const target = few + random(Math.min(shards.length * 2, 60) - few + 1)
  const width = (1n << 128n) / BigInt(target)
  const after = Array.from({ length: target }, (_, i) => ({
    start: width * BigInt(i),
    end: i === target - 1 ? 1n << 128n : width * BigInt(i + 1),
  }))
  return {
    after: text(after),
    run: (client) => client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount: target, ScalingType: 'UNIFORM_SCALING' })),
  }
}

test('kill -9 in the middle of reshards leaves each of them whole or undone', async () => {
  const ports = { kafka: `127.0.0.1:${await reservedPort()}`, aws: `127.0.0.1:${await reservedPort()}` }
  const start = async (): Promise<{ product: Product; kafka: string; aws: string }> => {
    const product = new Product(['--data', data, '--kafka', ports.kafka, '--aws', ports.aws, '--admin', '127.0.0.1:0'])
    return { product, ...(await product.ready()) }
  }
  let running = await start()
  const client = new KinesisClient({
    endpoint: running.aws,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  })
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }))

  const acknowledged = new Set<string>()
  let stop = false
  const load = (async () => {
    for (let count = 0; !stop; count += 20) {
      const values = Array.from({ length: 20 }, (_, i) => `record-${count + i}`)
      const Records = values.map((value) => ({ PartitionKey: value, Data: Buffer.from(value) }))
      await client.send(new PutRecordsCommand({ StreamName, Records })).then(
        ({ Records: results }) => {
          for (const [i, { SequenceNumber }] of results!.entries()) if (SequenceNumber) acknowledged.add(values[i]!)
        },
        () => new Promise((again) => setTimeout(again, 10)),
      )
    }
  })()

  let whole = 0
  let undone = 0
  let unanswered = 0
  for (let kill = 0; kill < kills; kill++) {
    // A few reshards that are answered, then one that the kill may cut off.
    let usualMs = 0
    for (let i = 0; i < 3; i++) {
      const { run } = reshardOf(await open(client))
      const beganMs = performance.now()
      await run(client)
      usualMs = performance.now() - beganMs
    }
    const before = await open(client)
    const { after, run } = reshardOf(before)
    const had = acknowledged.size
    await expect.poll(() => acknowledged.size).toBeGreaterThan(had + 50)
    const answered = run(client).then(
      () => true,
      () => false,
    )
    // From before the request arrives to after its commit.
    const delayMs = Math.random() * 1.5 * usualMs
    await new Promise((moment) => setTimeout(moment, delayMs))
    running.product.signal('SIGKILL')
    await running.product.ended
    const done = await answered
    running = await start()
    const shards = await shardsOf(client, StreamName)
    const now = openRanges(shards)
    expect(shardFaults(shards)).toEqual([])
    if (done) expect(now).toBe(after)
    else unanswered++
    if (now === after) whole++
    else if (now === text(before)) undone++
    else expect.unreachable(`neither the old shards nor the new: ${now}\nold ${text(before)}\nnew ${after}`)
  }
  stop = true
  await load

  const found = await readWhole(client, StreamName)
  expect(new Set(found).size, 'a record is in two shards, or twice in one').toBe(found.length)
  const present = new Set(found)
  for (const value of acknowledged) if (!present.has(value)) expect.unreachable(`${value} was acknowledged and is gone`)
  // The other door: every partition is there, and together they hold what the shards hold.
  const admin = kafkaJs([running.kafka]).admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(StreamName)
  expect(offsets.reduce((sum, { high }) => sum + Number(high), 0)).toBe(found.length)
  await admin.disconnect()
  console.log(
    `${kills} kills: ${whole} reshards whole, ${undone} undone, ${unanswered} unanswered; ${offsets.length} partitions, ${found.length} records`,
  )
  client.destroy()
  running.product.signal('SIGTERM')
  await once(running.product.child, 'exit')
})
