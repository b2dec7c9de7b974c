// What the disk gives back is not what was stored: one bit of a batch, or the length that leads to the next one. Whoever looks into records is told, nobody is
// given wrong bytes, nothing behind the damage is skipped in silence, and compaction does not make it look sound.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { crcOf, isIntact } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import { ManualClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { Counters } from '../../src/counters.ts'
import { type DamagedPlace, Engine } from '../../src/engine/engine.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { seededRandom } from '../../src/random.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { batchOf, committed, everything, storeOptions, valuesOf } from './harness.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-damage-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Base offset, length and leader epoch. */
const placeBytes = 16

/** An engine whose stored bytes a test can spoil. */
class World implements AsyncDisposable {
  readonly told: DamagedPlace[] = []
  readonly counters = new Counters()
  readonly #clock = new ManualClock()
  readonly #directory: string | null
  #store!: Store
  engine!: Engine

  private constructor(kind: string) {
    this.#directory = kind === 'LMDB' ? mkdtempSync(join(root, 'd')) : null
  }

  static async open(kind: string, configs: Record<string, string> = {}): Promise<World> {
    const world = new World(kind)
    await world.#start()
    await world.engine.topics.create({ name: 't', partitionCount: 2, configs })
    return world
  }

  async #start(): Promise<void> {
    const options = { ...storeOptions(this.#clock), recentBytesMax: 0 }
    this.#store = this.#directory === null ? openMemoryStore(options) : await openLmdbStore(this.#directory, options)
    this.engine = await Engine.start({
      store: this.#store,
      settings: Settings.of({}),
      clock: this.#clock,
      random: seededRandom(7),
      counters: this.counters,
      onDamage: (place) => this.told.push(place),
    })
  }

  get partition(): Partition {
    return this.engine.topics.get('t')!.partitions[0]!
  }

  /** One chunk. */
  append(...batches: Buffer[]): Promise<unknown> {
    return this.engine.append(this.partition, Buffer.concat(batches), { trusted: true })
  }

  /** Finds the batch where it is stored, and lets `spoil` write to it. */
  async damage(batch: Buffer, spoil: (stored: Buffer) => void): Promise<void> {
    if (this.#directory === null) {
      const [read] = await this.read(0)
      return this.#spoil(read!.buffers, batch, spoil)
    }
    await this[Symbol.asyncDispose]()
    const file = join(this.#directory, 'data.mdb')
    const bytes = readFileSync(file)
    this.#spoil([bytes], batch, spoil)
    writeFileSync(file, bytes)
    await this.#start()
  }

  #spoil(where: Buffer[], batch: Buffer, spoil: (stored: Buffer) => void): void {
    // What comes before these was written when the batch got its place.
    const lasting = batch.subarray(placeBytes)
    let found = 0
    for (const bytes of where) {
      for (let at = bytes.indexOf(lasting); at !== -1; at = bytes.indexOf(lasting, at + 1), found++) {
        spoil(bytes.subarray(at - placeBytes, at + lasting.length))
      }
    }
    expect(found).toBeGreaterThan(0)
  }

  /** Of this partition and of the other, which is empty. */
  read(fromOffset: number) {
    const [partition, other] = this.engine.topics.get('t')!.partitions as [Partition, Partition]
    return this.engine.read(
      [
        { partition, fromOffset, bytesMax: 1 << 20 },
        { partition: other, fromOffset: 0, bytesMax: 1 << 20 },
      ],
      everything,
    )
  }

  readIntact(fromOffset: number) {
    return this.engine.readIntact({ partition: this.partition, fromOffset, bytesMax: 1 << 20 }, committed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.engine.close()
    await this.engine.idle()
    await this.#store.close()
  }
}

const flipLastBit = (stored: Buffer): void => {
  stored[stored.length - 2]! ^= 1
}
const batches = (): Buffer[] => ['a', 'b', 'c', 'd'].map((letter) => batchOf([`${letter}-0`, `${letter}-1`], 5))

describe.each(['memory', 'LMDB'])('in %s', (kind) => {
  test('a read that asks for intact batches gives those before the damaged one, then fails and tells once', async () => {
    await using world = await World.open(kind)
    const [a, b, c, d] = batches() as [Buffer, Buffer, Buffer, Buffer]
    await world.append(a, b, c, d)
    await world.damage(c, flipLastBit)

    expect(valuesOf(await world.readIntact(0))).toEqual(['a-0', 'a-1', 'b-0', 'b-1'])
    expect(valuesOf(await world.readIntact(6))).toEqual(['d-0', 'd-1'])
    const failure = { code: 'batch-damaged', message: expect.stringMatching(/topic t, partition 0, from offset 4 .*offsets 4 to 5/) }
    for (let i = 0; i < 3; i++) await expect(world.readIntact(4)).rejects.toMatchObject(failure)
    expect(world.told).toEqual([{ topic: 't', partition: 0, offset: 4, damage: expect.stringContaining('checksum') }])
    expect(world.counters.damagedReads).toBe(3)

    // A Kafka consumer gets what is stored and checks it itself.
    const [plain] = await world.read(4)
    expect(plain).toMatchObject({ error: null })
    expect(isIntact(plain!.buffers[0]!)).toBe(false)
  })

  test('a batch whose length leads past the end fails the read of its partition, and nothing behind it is skipped', async () => {
    await using world = await World.open(kind)
    const [a, b, c] = batches() as [Buffer, Buffer, Buffer]
    await world.append(a, b, c)
    await world.append(batchOf(['later'], 5))
    await world.damage(b, (stored) => stored.writeInt32BE(1 << 20, 8))

    expect(valuesOf((await world.read(0))[0])).toEqual(['a-0', 'a-1'])
    // From within, and from behind: the batches that follow cannot be told apart any more.
    for (const fromOffset of [2, 4]) {
      expect(await world.read(fromOffset)).toMatchObject([{ error: 'batch-damaged', buffers: [], bytes: 0 }, { error: null }])
    }
    expect(valuesOf((await world.read(6))[0])).toEqual(['later'])
    expect(world.told.map(({ offset }) => offset)).toEqual([2, 4])
  })

  test('a batch whose length is short of its own header fails what needs it', async () => {
    await using world = await World.open(kind)
    const [a, b, c] = batches() as [Buffer, Buffer, Buffer]
    await world.append(a, b, c)
    await world.damage(b, (stored) => stored.writeInt32BE(3, 8))
    // Opened anew, the partition cannot learn who has written to it.
    if (kind === 'LMDB')
      await expect(world.read(2)).rejects.toMatchObject({ code: 'batch-damaged', message: expect.stringContaining('Topic t, partition 0') })
    else expect(await world.read(2)).toMatchObject([{ error: 'batch-damaged' }, { error: null }])
  })

  test('compaction leaves a damaged batch as it is: its checksum still says so', async () => {
    await using world = await World.open(kind, { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'internal.segment.bytes': '300' })
    const keyed = (values: string[]): Buffer => buildBatch(values.map((value, i) => ({ key: `k${i}`, value, timestampMs: 5 })))
    const [old, spoilt] = [keyed(['old-0', 'old-1', 'stays']), keyed(['gone-0', 'gone-1', 'gone', 'spoilt'])]
    for (const batch of [old, spoilt, keyed(['new-0', 'new-1']), keyed(['x'.repeat(300)]), keyed(['y'.repeat(300)])]) await world.append(batch)
    const checksum = crcOf(spoilt)
    await world.damage(spoilt, (stored) => {
      stored[stored.indexOf('spoilt')]! ^= 1
    })
    await world.engine.checkCompaction()
    expect(world.engine.compactionFigures.passes).toBe(1)

    const [read] = await world.read(0)
    const left: [number, boolean][] = []
    for (const bytes of read!.buffers) forEachBatch(bytes, (at) => left.push([crcOf(bytes, at), isIntact(bytes, at)]))
    expect(left).toContainEqual([checksum, false])
    expect(left.filter(([, intact]) => !intact)).toHaveLength(1)
    expect(world.engine.compactionFigures.recordsRemoved).toBeGreaterThan(0)
  })
})
