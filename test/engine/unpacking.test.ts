import { expect, test } from 'vitest'
import { codecGzip, codecLz4, codecNone, codecZstd, sealBatch } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { checkBatches } from '../../src/engine/checking.ts'
import { Unpacking, unpackingJob, waitsInLine } from '../../src/engine/unpacking.ts'
import { seededRandom } from '../../src/random.ts'
import { everything, startEngine, valuesOf } from './harness.ts'

const random = seededRandom(11)

/** Records that stay large in every codec: hexadecimal text, which halves. */
const large = (name: string, codec: number, timestampMs: number, transactional = false): Buffer =>
  buildBatch(
    Array.from({ length: 80 }, (_, i) => ({ key: null, value: i === 0 ? name : random.bytes(700).toString('hex'), timestampMs })),
    { codec, ...(transactional ? { transactional: true, producerId: 9, producerEpoch: 0, baseSequence: 0 } : {}) },
  )
const small = (name: string, timestampMs: number): Buffer => buildBatch([{ key: null, value: name, timestampMs }], {})

async function onePartition(configs: Record<string, string> = {}) {
  const { engine, clock } = await startEngine()
  const [partition] = (await engine.topics.create({ name: 't', partitionCount: 1, configs })).partitions
  return { engine, partition: partition!, nowMs: clock.now() }
}

test('appends keep the order of their calls, whichever of them are decompressed on another thread', async () => {
  const { engine, partition, nowMs } = await onePartition()
  const codecs = [codecGzip, codecNone, codecZstd, codecLz4, codecGzip, codecZstd, codecNone, codecGzip, codecGzip]
  const sent = codecs.flatMap((codec, i) => [large(`large ${i}`, codec, nowMs), small(`small ${i}`, nowMs)])
  const answers = await Promise.all(sent.map((batch) => engine.append(partition, batch)))
  expect(answers.map(({ baseOffset }) => baseOffset)).toEqual(codecs.flatMap((_, i) => [i * 81, i * 81 + 80]))
  const [result] = await engine.read([{ partition, fromOffset: 0, bytesMax: 1 << 30 }], everything)
  const names = valuesOf(result).filter((value) => value.length < 100)
  expect(names).toEqual(codecs.flatMap((_, i) => [`large ${i}`, `small ${i}`]))
})

test('an idempotent producer that pipelines compressed batches has each stored once, in order', async () => {
  const { engine, partition, nowMs } = await onePartition()
  const batch = (baseSequence: number, codec: number): Buffer =>
    buildBatch(
      Array.from({ length: 80 }, () => ({ key: null, value: random.bytes(700).toString('hex'), timestampMs: nowMs })),
      { codec, producerId: 5, producerEpoch: 0, baseSequence },
    )
  const [first, second, third] = [batch(0, codecZstd), batch(80, codecNone), batch(160, codecGzip)]
  const again = Buffer.from(second)
  const answers = await Promise.all([first, second, third, again].map((one) => engine.append(partition, one)))
  expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0, 80, 160, 80])
})

test('what does not decompress is refused with the words of the check, and holds up nobody behind it', async () => {
  for (const codec of [codecGzip, codecZstd]) {
    const { engine, partition, nowMs } = await onePartition()
    const broken = large('broken', codec, nowMs)
    broken.fill(0xff, 61, 70)
    sealBatch(broken)
    const copy = Buffer.from(broken)
    const refused = engine.append(partition, broken)
    const behind = engine.append(partition, small('behind', nowMs))
    const words = (() => {
      try {
        return checkBatches(copy, partition.topic.config, nowMs, {})
      } catch (error) {
        return (error as Error).message
      }
    })()
    await expect(refused).rejects.toMatchObject({ code: 'message-corrupt', message: words })
    expect((await behind).baseOffset).toBe(0)
  }
})

test('more than the topic allows to come out of a batch is refused as ever', async () => {
  const { engine, partition, nowMs } = await onePartition({ 'max.decompressed.message.bytes': '100000' })
  await expect(engine.append(partition, large('x', codecGzip, nowMs))).rejects.toMatchObject({ code: 'message-too-large' })
})

test('what must be appended in the turn of the call neither goes to another thread nor waits in line', async () => {
  const { engine, partition, nowMs } = await onePartition()
  const { config } = partition.topic
  expect(unpackingJob(large('plain', codecGzip, nowMs), config, {})).not.toBeNull()
  const transactional = large('in a transaction', codecGzip, nowMs, true)
  expect(unpackingJob(transactional, config, {})).toBeNull()
  expect(waitsInLine(transactional, {})).toBe(false)
  expect(unpackingJob(large('ours', codecGzip, nowMs), config, { trusted: true })).toBeNull()
  expect(waitsInLine(small('ours', nowMs), { trusted: true })).toBe(false)
  const behind = engine.append(partition, large('plain', codecGzip, nowMs))
  expect((await engine.append(partition, transactional)).baseOffset).toBe(0)
  expect((await behind).baseOffset).toBe(80)
})

test('bytes of every kind are judged as without another thread', async () => {
  const { partition, nowMs } = await onePartition()
  const { config } = partition.topic
  for (let round = 0; round < 60; round++) {
    const batch = large(`round ${round}`, round % 2 ? codecGzip : codecZstd, nowMs)
    for (let n = round % 3; n > 0; n--) batch[random.integer(round % 5 === 0 ? 61 : batch.length)] = random.integer(256)
    if (round % 4) sealBatchIfWhole(batch)
    const cut = round % 7 === 6 ? batch.subarray(0, random.integer(batch.length)) : batch
    const unpacked = await (unpackingJob(cut, config, {})?.().catch(() => null) ?? null)
    const judged = (options: object): unknown => {
      const { bytes, ...facts } = checkBatches(Buffer.from(cut), config, nowMs, options)
      return { ...facts, text: bytes.toString('latin1') }
    }
    const either = (options: object): unknown => {
      try {
        return judged(options)
      } catch (error) {
        return String(error)
      }
    }
    expect(either(unpacked ? { unpacked } : {}), `round ${round}`).toEqual(either({}))
  }
})

function sealBatchIfWhole(batch: Buffer): void {
  if (batch.readInt32BE(8) === batch.length - 12) sealBatch(batch)
}

test('lines advance in order whatever ends first, and at most three jobs hold memory at a time', async () => {
  const chance = seededRandom(5)
  const lines = new Unpacking<number>()
  const went: { key: number; n: number }[] = []
  const running: (() => void)[] = []
  let held = 0
  let heldMax = 0
  const expected: number[][] = [[], [], []]
  for (let n = 0; n < 300; n++) {
    const key = chance.integer(3)
    expected[key]!.push(n)
    const withJob = chance.integer(3) > 0
    const job = (): Promise<Buffer> => {
      heldMax = Math.max(heldMax, ++held)
      return new Promise((resolve, reject) => running.push(() => (chance.integer(5) === 0 ? reject(new Error('no')) : resolve(Buffer.alloc(1)))))
    }
    lines.add(key, withJob ? job : null, () => {
      if (withJob) held--
      went.push({ key, n })
    })
    if (chance.integer(2) === 0) running.splice(chance.integer(running.length + 1), 1)[0]?.()
    await Promise.resolve()
  }
  while (running.length > 0) {
    running.splice(chance.integer(running.length), 1)[0]!()
    for (let turns = 0; turns < 5; turns++) await Promise.resolve()
  }
  expect(expected.map((_, key) => went.filter((one) => one.key === key).map(({ n }) => n))).toEqual(expected)
  expect(heldMax).toBe(3)
  expect(lines.has(0) || lines.has(1) || lines.has(2)).toBe(false)
})
