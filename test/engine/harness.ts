// An engine on a memory store with a clock that stands still, and batches as producers send them.
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { ManualClock } from '../../src/clock.ts'
import { Settings, type SettingsInput } from '../../src/config.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import type { FetchResult } from '../../src/engine/reading.ts'
import { seededRandom } from '../../src/random.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store, StoreOptions } from '../../storage/store.ts'

export const storeOptions = (clock: ManualClock): StoreOptions => ({
  stamp,
  now: () => clock.now(),
  flush: 'sync',
  recentBytesMax: 1 << 20,
  onFailure: (error) => {
    throw error
  },
})

export async function startEngine(options: { settings?: SettingsInput; store?: Store; clock?: ManualClock } = {}) {
  const clock = options.clock ?? new ManualClock()
  const store = options.store ?? openMemoryStore(storeOptions(clock))
  const engine = await Engine.start({
    store,
    settings: Settings.of(options.settings ?? {}),
    clock,
    random: seededRandom(7),
    onBackgroundError: (error) => {
      throw error
    },
  })
  return { engine, clock, store }
}

/** A batch with one record per value. */
export const batchOf = (values: string[], timestampMs: number, options: Parameters<typeof buildBatch>[1] = {}): Buffer =>
  buildBatch(
    values.map((value): RecordInput => ({ key: null, value, timestampMs })),
    options,
  )

export const valuesOf = (result: FetchResult | undefined): string[] =>
  (result?.buffers ?? []).flatMap((bytes) => readRecords(bytes).map(({ value }) => value?.toString() ?? 'null'))

export const everything = { bytesMax: 1 << 30, committedOnly: false }
export const committed = { bytesMax: 1 << 30, committedOnly: true }
