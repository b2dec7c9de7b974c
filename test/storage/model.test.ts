// Random histories. One write at a time, both stores must answer alike in everything. Many at once, with reopens in between, the durable store
// must answer as an array of runs would.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { openLmdbStore } from '../../storage/lmdb-store.ts'
import type { Chunk } from '../../storage/log.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { asKilled, journalFileOf, noJournal, run, stampBytes, storeOptions, TestClock } from '../contract/harness.ts'

const root = mkdtempSync(join(tmpdir(), 'twinlog-model-'))
afterAll(() => rmSync(root, { recursive: true }))

const partition = fc.integer({ min: 1, max: 3 })
const runBytes = 100
const notes = table<{ text: string }>('notes')

const append = fc.record({
  do: fc.constant('append' as const),
  partition,
  offsetCount: fc.integer({ min: 1, max: 5 }),
  maxTimestampMs: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 100 })),
  size: fc.constantFrom(runBytes, runBytes, runBytes, 700, 70_000),
})
const trim = fc.record({ do: fc.constant('trim' as const), partition, part: fc.double({ min: 0, max: 1, noNaN: true }) })
const retain = fc.record({
  do: fc.constant('retain' as const),
  partition,
  retentionMs: fc.constantFrom(-1, 5, 30),
  retentionBytes: fc.constantFrom(-1, 0, 300, 2000),
  nowMs: fc.integer({ min: 0, max: 150 }),
})
const rewrite = fc.record({
  do: fc.constant('rewrite' as const),
  partition,
  /** Which segment it begins with, and how many chunks it takes. */
  segment: fc.integer({ min: 0, max: 5 }),
  chunkCount: fc.integer({ min: 1, max: 8 }),
  /** What is kept of each chunk in turn, and where a new chunk begins. */
  kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
  perChunk: fc.integer({ min: 1, max: 4 }),
  maxTimestampMs: fc.integer({ min: -1, max: 100 }),
  joinBytesMax: fc.constantFrom(0, 500, 1000),
})
const drop = fc.record({ do: fc.constant('drop' as const), partition })
const pass = fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 600 }) })
const reopen = fc.record({ do: fc.constant('reopen' as const) })
const step = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 2, arbitrary: trim },
  { weight: 2, arbitrary: retain },
  { weight: 3, arbitrary: rewrite },
  { weight: 1, arbitrary: pass },
  { weight: 1, arbitrary: reopen },
)
type Step = (typeof step extends fc.Arbitrary<infer T> ? T : never) | { do: 'drop'; partition: number }

const segmentPolicy = { segmentBytes: 1000, segmentMs: 1000 }
const setPolicies = (store: Store) => {
  for (const id of [1, 2, 3]) store.log.setSegmentPolicy(id, segmentPolicy)
}

/** The answer of one step, errors as text. */
async function answer(store: Store, clock: TestClock, taken: Step, text: string): Promise<unknown> {
  try {
    if (taken.do === 'append') return await store.log.append(run(taken.partition, text, taken))
    if (taken.do === 'retain') return await store.log.retain(taken.partition, taken, taken.nowMs)
    if (taken.do === 'drop') return await store.log.drop(taken.partition)
    if (taken.do === 'rewrite') return await rewritten(store, taken)
    if (taken.do === 'trim') {
      const { startOffset, endOffset } = await store.log.bounds(taken.partition)
      return await store.log.trim(taken.partition, startOffset + Math.round((endOffset - startOffset) * taken.part))
    }
    if (taken.do === 'pass') clock.nowMs += taken.ms
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** Replaces some chunks by fewer of them. */
async function rewritten(
  store: Store,
  { partition: id, segment, chunkCount, kept, perChunk, maxTimestampMs, joinBytesMax }: typeof rewrite extends fc.Arbitrary<infer T> ? T : never,
) {
  const segments = await store.log.segments(id)
  const from = segments[segment]
  if (!from) return 'no such segment'
  const [result] = await store.log.read([{ partition: id, fromOffset: from.startOffset, bytesMax: 1e9 }])
  const old = result!.chunks.slice(0, chunkCount)
  if (old.length === 0) return 'no chunks'
  const chunks = []
  for (let i = 0; i < old.length; i += perChunk) {
    const group = old.slice(i, i + perChunk)
    const bytes = Buffer.concat(group.filter((_, n) => kept[(i + n) % kept.length]).map((chunk) => chunk.bytes))
    chunks.push({ baseOffset: group[0]!.baseOffset, endOffset: group.at(-1)!.endOffset, bytes, maxTimestampMs })
  }
  return store.log.replace({ partition: id, fromOffset: old[0]!.baseOffset, toOffset: old.at(-1)!.endOffset, chunks, joinBytesMax })
}

async function everything(store: Store, id: number) {
  const bounds = await store.log.bounds(id)
  const reads = [bounds.startOffset - 1, bounds.startOffset, Math.floor((bounds.startOffset + bounds.endOffset) / 2), bounds.endOffset]
  const [small, large] = await Promise.all(
    [250, 1e9].map((bytesMax) => store.log.read(reads.map((fromOffset) => ({ partition: id, fromOffset, bytesMax })))),
  )
  const times = await Promise.all([-1, 0, 10, 33, 50, 77, 100, 101].map((time) => store.log.offsetForTime(id, time)))
  const digest = (results: typeof small) =>
    results!.map(({ chunks, ...rest }) => ({
      ...rest,
      chunks: chunks.map((chunk) => [chunk.baseOffset, chunk.endOffset, chunk.bytes.toString('latin1')]),
    }))
  return {
    bounds,
    segments: await store.log.segments(id),
    small: digest(small),
    large: digest(large),
    times,
    max: await store.log.offsetOfMaxTimestamp(id),
  }
}

test('one write at a time, the durable store and the one in memory answer alike', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 30, arbitrary: step }, { weight: 1, arbitrary: drop }), { maxLength: 60 }),
      fc.constantFrom(0, 500, 1e6),
      async (steps, recentBytesMax) => {
        const clock = new TestClock()
        const options = storeOptions(clock, { recentBytesMax, journal: noJournal })
        const directory = mkdtempSync(join(root, 'd'))
        const memory = openMemoryStore(options)
        let durable = await openLmdbStore(directory, options)
        const dropped = new Set<number>()
        setPolicies(memory)
        setPolicies(durable)
        for (const [i, taken] of steps.entries()) {
          // After a drop its number is never used again; a restart is allowed to forget that.
          if ('partition' in taken && dropped.has(taken.partition)) continue
          if (taken.do === 'drop') dropped.add(taken.partition)
          if (taken.do === 'reopen') {
            await durable.close()
            durable = await openLmdbStore(directory, options)
            setPolicies(durable)
          } else {
            const text = `r${i}`
            const nowMs = clock.nowMs
            const expected = await answer(memory, clock, taken, text)
            clock.nowMs = nowMs
            expect(await answer(durable, clock, taken, text)).toEqual(expected)
          }
        }
        for (const id of [1, 2, 3]) expect(await everything(durable, id)).toEqual(await everything(memory, id))
        await durable.close()
      },
    ),
    { numRuns: 60 },
  )
})

/** From one that keeps nothing to one that keeps all; small segments settle what is in it too. */
const files = fc.constantFrom({}, {}, { journalFile: journalFileOf(4096) }, { journalFile: journalFileOf(64 * 1024) })
const journals = fc.record({
  segmentBytes: fc.constantFrom(1000, 1e6),
  smallBytesMax: fc.constantFrom(0, 250, 1e6),
  settleBytes: fc.constantFrom(300, 2000, 1e6),
  bytesMax: fc.constantFrom(2000, 1e6),
})

interface Run {
  offset: number
  endOffset: number
  text: string
  maxTimestampMs: number
}

/** The runs that a chunk says it holds. */
function runsOf(chunk: Chunk, known: readonly Run[]): Run[] {
  const found = known.filter((one) => one.offset >= chunk.baseOffset && one.endOffset <= chunk.endOffset)
  let at = 0
  for (const one of found) {
    expect(Number(chunk.bytes.readBigInt64BE(at))).toBe(one.offset)
    expect(chunk.bytes.toString('utf8', at + stampBytes + 4, at + stampBytes + 4 + one.text.length)).toBe(one.text)
    at += runBytes
  }
  expect(at).toBe(chunk.bytes.length)
  return found
}

test('many writes at once, across reopens, the durable store answers as an array would', async () => {
  const burst = fc.array(fc.oneof({ weight: 8, arbitrary: append }, { weight: 1, arbitrary: retain }), { minLength: 1, maxLength: 25 })
  const history = fc.array(fc.record({ burst, trim, reopen: fc.constantFrom(false, 'closed', 'killed'), batch: fc.boolean() }), {
    minLength: 1,
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(history, fc.constantFrom(0, 1e6), journals, files, async (rounds, recentBytesMax, { segmentBytes, ...journal }, file) => {
      const clock = new TestClock()
      const options = storeOptions(clock, { recentBytesMax, journal, ...file })
      const setPolicies = (to: Store) => {
        for (const id of [1, 2, 3]) to.log.setSegmentPolicy(id, { segmentBytes, segmentMs: 1000 })
      }
      let directory = mkdtempSync(join(root, 'd'))
      let store = await openLmdbStore(directory, options)
      setPolicies(store)
      const model = new Map<number, Run[]>([1, 2, 3].map((id) => [id, []]))
      const written = new Map<number, string>()
      for (const [r, round] of rounds.entries()) {
        const pending: Promise<unknown>[] = []
        const appends = round.burst.filter((taken) => taken.do === 'append')
        const note = (one: (typeof appends)[number], text: string, baseOffset: number) =>
          model.get(one.partition)!.push({ offset: baseOffset, endOffset: baseOffset + one.offsetCount, text, maxTimestampMs: one.maxTimestampMs })
        if (round.batch) {
          const batch = store.batch()
          for (const [i, one] of appends.entries()) batch.append(run(one.partition, `b${r}.${i}`, { ...one, size: runBytes }))
          written.set(r, `batch ${r}`)
          const results = await batch.put(notes, [r], { text: `batch ${r}` }).commit()
          results.forEach(({ baseOffset }, i) => {
            note(appends[i]!, `b${r}.${i}`, baseOffset)
          })
        } else {
          for (const [i, taken] of round.burst.entries()) {
            const text = `r${r}.${i}`
            if (taken.do === 'retain') pending.push(store.log.retain(taken.partition, taken, taken.nowMs))
            else
              pending.push(
                store.log.append(run(taken.partition, text, { ...taken, size: runBytes })).then(({ baseOffset }) => note(taken, text, baseOffset)),
              )
          }
        }
        const before = await store.log.bounds(round.trim.partition)
        await Promise.all(pending)
        const { startOffset, endOffset } = await store.log.bounds(round.trim.partition)
        expect(endOffset).toBeGreaterThanOrEqual(before.endOffset)
        await store.log.trim(round.trim.partition, startOffset + Math.round((endOffset - startOffset) * round.trim.part * round.trim.part))
        if (round.reopen) {
          if (round.reopen === 'killed') directory = asKilled(directory)
          await store.close()
          store = await openLmdbStore(directory, options)
          setPolicies(store)
        }
        for (const [id, runs] of model) await compare(store, id, runs)
        expect((await store.tables.list(notes)).map(({ key, row }) => [key[0], row.text])).toEqual([...written])
      }
      await store.close()
    }),
    { numRuns: 80 },
  )
})

/** Offsets are dense, everything from the start on is there once, and time and weight are those of the chunks. */
async function compare(store: Store, id: number, runs: Run[]): Promise<void> {
  runs.sort((a, b) => a.offset - b.offset)
  runs.forEach((one, i) => {
    expect(one.offset).toBe(runs[i - 1]?.endOffset ?? 0)
  })
  const bounds = await store.log.bounds(id)
  expect(bounds.endOffset).toBe(runs.at(-1)?.endOffset ?? 0)
  const [result] = await store.log.read([{ partition: id, fromOffset: bounds.startOffset, bytesMax: 1e9 }])
  const { chunks } = result!
  const contents = chunks.map((chunk) => runsOf(chunk, runs))
  expect(contents.flat()).toEqual(runs.filter((one) => one.offset >= (chunks[0]?.baseOffset ?? bounds.endOffset)))
  if (chunks[0]) expect(chunks[0].baseOffset <= bounds.startOffset && chunks[0].endOffset > bounds.startOffset).toBe(true)
  else expect(bounds.startOffset).toBe(bounds.endOffset)
  expect(bounds.bytes).toBe(chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0))
  const maxima = contents.map((held) => Math.max(-1, ...held.map((one) => one.maxTimestampMs)))
  expect(bounds.maxTimestampMs).toBe(Math.max(-1, ...maxima))
  for (const time of [0, 20, 50, 80, 100]) {
    const first = chunks[maxima.findIndex((max) => max >= time)]
    expect(await store.log.offsetForTime(id, time)).toBe(first?.baseOffset ?? null)
  }
}
