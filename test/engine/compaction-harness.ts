// A compacted partition under random or scripted histories, and the obvious model of what must be seen of it: a list of everything that was appended.
import { expect } from 'vitest'
import { isControl, isTransactional, lastOffsetOf, producerIdOf } from '../../protocol/records/batch.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndMarker, readControl } from '../../protocol/records/control.ts'
import { type DecodedRecord, decodeBatch } from '../../protocol/records/record.ts'
import { forEachBatch } from '../../protocol/records/run.ts'
import type { ManualClock } from '../../src/clock.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { Partition } from '../../src/engine/partition.ts'
import { compactionTable } from '../../src/engine/rows.ts'

export interface ModelRecord {
  offset: number
  key: string
  value: string | null
  timestampMs: number
  producerId: number
  aborted: boolean
}

export interface Seen {
  offset: number
  key: string
  value: string | null
  timestampMs: number
}

export class CompactedPartition {
  readonly model: ModelRecord[] = []
  readonly #sequences = new Map<number, number>()
  #text = 0
  engine: Engine
  readonly #clock: ManualClock

  constructor(engine: Engine, clock: ManualClock) {
    this.engine = engine
    this.#clock = clock
  }

  get partition(): Partition {
    return this.engine.topics.get('t')!.partitions[0]!
  }

  static async make(engine: Engine, clock: ManualClock, configs: Record<string, string> = {}): Promise<CompactedPartition> {
    const acting = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'internal.segment.bytes': '400', ...configs }
    await engine.topics.create({ name: 't', partitionCount: 1, configs: acting })
    return new CompactedPartition(engine, clock)
  }

  /** One batch: `key` sets it to a fresh value, `-key` deletes it. */
  async append(keys: string[], options: { producerId?: number; transactional?: boolean; codec?: number } = {}): Promise<number> {
    const { producerId = -1, transactional = false, codec = 0 } = options
    const timestampMs = this.#clock.now()
    const records = keys.map((key) =>
      key.startsWith('-') ? { key: key.slice(1), value: null, timestampMs } : { key, value: `v${this.#text++}`, timestampMs },
    )
    const baseSequence = producerId < 0 ? -1 : (this.#sequences.get(producerId) ?? 0)
    if (producerId >= 0) this.#sequences.set(producerId, baseSequence + keys.length)
    const bytes = buildBatch(records, { codec, producerId, producerEpoch: producerId < 0 ? -1 : 0, baseSequence, transactional })
    const { baseOffset } = await this.engine.append(this.partition, bytes)
    for (const [i, { key, value }] of records.entries())
      this.model.push({ offset: baseOffset + i, key, value, timestampMs, producerId: transactional ? producerId : -1, aborted: false })
    return baseOffset
  }

  async end(producerId: number, committed: boolean, firstOffset: number): Promise<void> {
    const timestampMs = this.#clock.now()
    const bytes = buildEndMarker({ committed, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestampMs })
    const batch = this.engine.store.batch()
    const stored = this.partition.addMarker(batch, { producerId, producerEpoch: 0, committed, bytes, timestampMs })
    const [result] = await batch.commit()
    stored(result!.baseOffset)
    if (!committed) for (const one of this.model) if (one.producerId === producerId && one.offset >= firstOffset) one.aborted = true
  }

  /** What a consumer sees from an offset on, fetch by fetch. */
  async consume(fromOffset: number, committedOnly: boolean, bytesMax = 300): Promise<Seen[]> {
    const seen: Seen[] = []
    for (let offset = fromOffset; ; ) {
      const [result] = await this.engine.read([{ partition: this.partition, fromOffset: offset, bytesMax }], { bytesMax, committedOnly })
      expect(result!.error).toBeNull()
      if (result!.bytes === 0) return seen
      const waiting = [...result!.abortedTransactions]
      const aborted = new Set<number>()
      for (const bytes of result!.buffers) {
        forEachBatch(bytes, (at) => {
          while (waiting[0] && waiting[0].firstOffset <= lastOffsetOf(bytes, at)) aborted.add(waiting.shift()!.producerId)
          const skipped = committedOnly && isTransactional(bytes, at) && aborted.has(producerIdOf(bytes, at))
          if (isControl(bytes, at)) {
            if (readControl(bytes, at)?.committed === false) aborted.delete(producerIdOf(bytes, at))
          } else if (!skipped) for (const record of decodeBatch(bytes, at).records) if (record.offset >= offset) seen.push(seenOf(record))
          offset = lastOffsetOf(bytes, at) + 1
        })
      }
    }
  }

  async check(): Promise<void> {
    const { engine, partition, model } = this
    await engine.open([partition])
    const { cleanedTo } = (await engine.store.tables.get(compactionTable, [partition.uid])) ?? { cleanedTo: 0 }
    const stable = partition.lastStableOffset
    const all = await this.consume(partition.startOffset, false)
    const byOffset = new Map(model.map((one) => [one.offset, one]))
    const asSeen = ({ offset, key, value, timestampMs }: ModelRecord): Seen => ({ offset, key, value, timestampMs })
    // What is there is what was appended, in order, once; what is new is all there.
    expect(all).toEqual(all.map(({ offset }) => asSeen(byOffset.get(offset)!)))
    expect(all.map(({ offset }) => offset)).toEqual([...new Set(all.map(({ offset }) => offset))].sort((a, b) => a - b))
    const segments = await engine.store.log.segments(partition.uid)
    const untouched = Math.max(cleanedTo, segments.at(-2)?.endOffset ?? 0)
    expect(all.filter(({ offset }) => offset >= untouched)).toEqual(model.filter(({ offset }) => offset >= untouched).map(asSeen))
    // The last value of each key is there.
    const decided = model.filter(({ offset, aborted }) => offset < stable && !aborted)
    const committed = await this.consume(partition.startOffset, true)
    expect(latest(committed)).toEqual(latest(decided))
    expect(committed).toEqual(all.filter(({ offset }) => offset < stable && !byOffset.get(offset)!.aborted))
    // What was compacted holds each key once, and nothing that was aborted.
    const clean = all.filter(({ offset }) => offset < cleanedTo)
    expect(new Set(clean.map(({ key }) => key)).size).toBe(clean.length)
    expect(clean.filter(({ offset }) => byOffset.get(offset)!.aborted)).toEqual([])
    // A reader in the middle sees the rest, whatever it may fetch at a time; times lead to the first record that is left.
    const step = Math.max(3, Math.ceil((partition.endOffset - partition.startOffset) / 75))
    for (let offset = partition.startOffset; offset < partition.endOffset; offset += step) {
      expect(await this.consume(offset, false, offset % 2 ? 1 : 100_000)).toEqual(all.filter((one) => one.offset >= offset))
    }
    for (const { timestampMs } of model.filter((_, i) => i % 5 === 0)) {
      const found = await engine.offsetForTime(partition, timestampMs)
      expect(found?.offset ?? null).toBe(all.find((one) => one.timestampMs >= timestampMs)?.offset ?? null)
    }
    const bounds = await engine.store.log.bounds(partition.uid)
    expect([partition.bytes, partition.endOffset]).toEqual([bounds.bytes, bounds.endOffset])
  }
}

const seenOf = ({ offset, key, value, timestampMs }: DecodedRecord): Seen => ({
  offset,
  key: Buffer.from(key!).toString(),
  value: value === null ? null : Buffer.from(value).toString(),
  timestampMs,
})

/** The map that the records amount to. */
export function latest(records: readonly { key: string; value: string | null }[]): Map<string, string> {
  const map = new Map<string, string>()
  for (const { key, value } of records) {
    if (value === null) map.delete(key)
    else map.set(key, value)
  }
  return new Map([...map].sort())
}
