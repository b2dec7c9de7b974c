// kill -9 while a partition is written and compacted, again and again on one directory: every acknowledged record that is the last of its key is
// there at its offset, nothing that was aborted is shown to a reader of committed records, and nothing is there twice or was never written.
import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import { Engine, stamp } from '../../src/engine/engine.ts'
import { compactionTable } from '../../src/engine/rows.ts'
import { systemRandom } from '../../src/random.ts'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import { CompactedPartition, latest } from '../engine/compaction-harness.ts'
import { childOf } from './child.ts'

const kills = Number(process.env['CRASH_KILLS'] ?? 12)
const child = childOf('compaction-child', { leastMs: 50, spreadMs: 400 })
interface Written {
  key: string
  value: string | null
  producerId: number
}
/** What was acknowledged, over all lives, by offset; and the ends of transactions. */
const written = new Map<number, Written>()
const ends: { producerId: number; offset: number; committed: boolean }[] = []

function note([what, ...rest]: string[]): void {
  if (what === 'A') written.set(Number(rest[0]), { key: rest[1]!, value: rest[2] === '-' ? null : rest[2]!, producerId: -1 })
  else if (what === 'T') written.set(Number(rest[1]), { key: rest[2]!, value: rest[3] === '-' ? null : rest[3]!, producerId: Number(rest[0]) })
  else if (what === 'C' || what === 'X') ends.push({ producerId: Number(rest[0]), offset: Number(rest[1]), committed: what === 'C' })
}

/** Whether it was committed or aborted; null where only a crash knows. */
function fateOf(offset: number, { producerId }: Written): boolean | null {
  if (producerId < 0) return true
  return ends.filter((end) => end.producerId === producerId && end.offset > offset).sort((a, b) => a.offset - b.offset)[0]?.committed ?? null
}

test(`compaction loses nothing over ${kills} kills`, async () => {
  let cleaned = 0
  let compactedAway = 0
  // On a slow disk a life may end before anything was compacted: then there are more of them.
  for (let life = 1; life <= kills || cleaned === 0 || compactedAway <= 100; life++) {
    for (const line of await child.liveAndDie(life)) note(line)
    const store = await openLmdbStore(child.directory, {
      stamp,
      now: Date.now,
      flush: 'sync',
      recentBytesMax: 0,
      onFailure: (error) => expect.fail(error.message),
    })
    const engine = await Engine.start({ store, settings: Settings.of({ 'log.cleaner.enable': false }), clock: systemClock, random: systemRandom })
    const reader = new CompactedPartition(engine, systemClock as never)
    await engine.open([reader.partition])
    // What a killed transaction left is undone, so that everything that is stored is decided.
    for (const { producerId } of reader.partition.writers.transactions.open()) {
      ends.push({ producerId, offset: reader.partition.endOffset, committed: false })
      await reader.end(producerId, false, 0)
    }
    expect(reader.partition.lastStableOffset).toBe(reader.partition.endOffset)
    const all = await reader.consume(0, false, 1 << 20)
    const committed = await reader.consume(0, true, 1 << 20)
    const offsets = all.map(({ offset }) => offset)
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b))
    for (const { offset, key, value } of all) {
      const known = written.get(offset)
      if (known) expect(`${offset} ${key} ${value}`).toBe(`${offset} ${known.key} ${known.value}`)
    }
    for (const { offset } of committed) expect(written.has(offset) && fateOf(offset, written.get(offset)!) === false).toBe(false)
    // What was stored but not acknowledged any more counts from now on, and so does a commit of which nobody was told.
    for (const { offset, key, value } of committed) {
      const known = written.get(offset)
      if (!known || fateOf(offset, known) === null) written.set(offset, { key, value, producerId: -1 })
    }
    const seen = latest(committed)
    const decided = [...written].filter(([offset, one]) => fateOf(offset, one) === true)
    const expected = latest(decided.sort(([a], [b]) => a - b).map(([, one]) => one))
    expect(seen).toEqual(expected)
    cleaned = (await store.tables.get(compactionTable, [reader.partition.uid]))?.cleanedTo ?? 0
    compactedAway = reader.partition.endOffset - all.length
    engine.close()
    await store.close()
  }
  console.log(
    `${written.size} records acknowledged, ${ends.length} transactions; compacted up to ${cleaned}, ${compactedAway} offsets without a record`,
  )
})
