// The state of a share partition against the obvious model: one object for each record. Random histories; a failure prints its seed.
import { describe, expect, test } from 'vitest'
import { type AcquiredRange, acquire, mayAcquire, type ReadBatch } from '../../src/coordinators/share/acquire.ts'
import { rowOf, stateOfRow } from '../../src/coordinators/share/partition-coordinator.ts'
import {
  type AcknowledgedRange,
  type Acknowledgement,
  acknowledge,
  bury,
  emptyState,
  type GivenUp,
  inFlightCount,
  lapse,
  nextLapseMs,
  nextOffset,
  type RecordState,
  releaseOwner,
  type SharePartitionState,
  settledCount,
  trimTo,
  unheld,
} from '../../src/coordinators/share/partition-state.ts'
import { seededRandom } from '../../src/random.ts'

interface Rec {
  state: RecordState
  count: number
  owner: string
  until: number
}

const limit = 3
const inFlightMax = 12
const lockMs = 100

/** Every offset by itself, for ever. */
class Model {
  start = 0
  /** What becomes of a record that was delivered too often. */
  givenUp: GivenUp = 'archived'
  readonly records: Rec[] = []

  settle(): void {
    while (this.start < this.records.length && /^a(ck|rch)/.test(this.records[this.start]!.state)) this.start++
  }

  free(rec: Rec): void {
    Object.assign(rec, { state: rec.count >= limit ? this.givenUp : 'available', owner: '', until: 0 })
  }

  inFlight(): number {
    return this.records.slice(this.start).filter(({ state }) => state !== 'acknowledged' && state !== 'archived').length
  }

  next(): number {
    const at = this.records.findIndex(({ state }, offset) => offset >= this.start && state === 'available')
    return at === -1 ? this.records.length : at
  }

  acquire(batches: readonly ReadBatch[], owner: string, until: number, max: number, strict: boolean): AcquiredRange[] {
    const taken: AcquiredRange[] = []
    let count = 0
    let room = inFlightMax - this.inFlight()
    let cursor = this.next()
    const take = (offset: number): void => {
      const rec = this.records[offset]!
      Object.assign(rec, { state: 'acquired', count: Math.max(rec.count, Math.min(rec.count + 1, limit)), owner, until })
      taken.push({ first: offset, last: offset, deliveryCount: rec.count })
      count++
    }
    for (const { first, last, deliverable } of batches) {
      if (count >= max) break
      if (last < cursor) continue
      for (let offset = cursor; offset < first; offset++) this.pass(offset)
      let offset = Math.max(first, cursor)
      // A stretch of records in one state is taken whole, unless records are counted.
      let full = false
      let stretch = -1
      for (; offset <= last; offset++) {
        if (!deliverable) {
          this.pass(offset)
          continue
        }
        const rec = this.records[offset]
        if (rec && rec.state !== 'available') {
          stretch = -1
          continue
        }
        const begins = rec ? stretch !== rec.count : stretch !== -2
        if ((strict || begins) && count >= max) {
          full = true
          break
        }
        if (!rec) {
          if (begins && room <= 0) return join(taken)
          this.records.push({ state: 'available', count: 0, owner: '', until: 0 })
          room--
        }
        stretch = rec ? rec.count : -2
        take(offset)
      }
      if (full) break
      cursor = Math.max(cursor, last + 1)
    }
    return join(taken)
  }

  pass(offset: number): void {
    const rec = this.records[offset]
    if (!rec) this.records.push({ state: 'archived', count: 0, owner: '', until: 0 })
    else if (rec.state === 'available') rec.state = 'archived'
  }
}

function join(taken: readonly AcquiredRange[]): AcquiredRange[] {
  const joined: AcquiredRange[] = []
  for (const one of taken) {
    const before = joined.at(-1)
    if (before && before.last + 1 === one.first && before.deliveryCount === one.deliveryCount)
      joined[joined.length - 1] = { ...before, last: one.last }
    else joined.push(one)
  }
  return joined
}

/** Ranges cut at batches and joined again: what the model tells has no seams. */
const seamless = (ranges: readonly AcquiredRange[]): AcquiredRange[] => join(ranges)

function expectSame(state: SharePartitionState, model: Model): void {
  expect(state.startOffset).toBe(model.start)
  expect(state.endOffset).toBe(Math.max(model.start, model.records.length))
  const told: Rec[] = []
  for (const run of state.runs) {
    for (let offset = run.first; offset <= run.last; offset++)
      told.push({ state: run.state, count: run.deliveryCount, owner: run.owner, until: run.lockedUntilMs })
  }
  expect(told).toEqual(model.records.slice(model.start))
  for (const [at, run] of state.runs.entries()) if (at > 0) expect(run.first).toBe(state.runs[at - 1]!.last + 1)
  expect(inFlightCount(state)).toBe(model.inFlight())
  expect(settledCount(state)).toBe(Math.max(0, model.records.length - model.start) - model.inFlight())
  expect(nextOffset(state)).toBe(Math.max(model.start, model.next()))
}

function play(seed: number, givenUp: GivenUp): void {
  const random = seededRandom(seed)
  const pick = <T>(of: readonly T[]): T => of[random.integer(of.length)]!
  const model = new Model()
  model.givenUp = givenUp
  let state = emptyState(0)
  let nowMs = 1000
  const log: ReadBatch[] = []
  let end = 0
  const grow = (): void => {
    // Now and then compaction left nothing.
    if (random.integer(6) === 0) end += 1 + random.integer(3)
    const first = end
    end += 1 + random.integer(5)
    log.push({ first, last: end - 1, deliverable: random.integer(8) !== 0 })
  }
  for (let step = 0; step < 150; step++) {
    const owner = pick(['a', 'b', 'c'])
    switch (random.integer(givenUp === 'spent' ? 10 : 9)) {
      case 0:
      case 1:
        grow()
        break
      case 2:
      case 3:
      case 4: {
        const max = 1 + random.integer(8)
        const strict = random.integer(2) === 0
        const from = nextOffset(state)
        const batches = log.filter(({ last }) => last >= from).slice(0, 1 + random.integer(4))
        const before = state
        const got = acquire(state, {
          owner,
          lockedUntilMs: nowMs + lockMs,
          recordsMax: max,
          strict,
          batchSize: 500,
          inFlightMax,
          deliveryCountLimit: limit,
          readFrom: from,
          batches,
        })
        const told = model.acquire(batches, owner, nowMs + lockMs, max, strict)
        expect(seamless(got.acquired)).toEqual(told)
        if (strict) expect(told.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBeLessThanOrEqual(max)
        if (told.length > 0) expect(mayAcquire(before, end, inFlightMax)).toBe(true)
        state = got.state
        break
      }
      case 5:
      case 6: {
        const first = Math.max(0, state.startOffset - 2 + random.integer(8))
        const last = first + random.integer(5)
        const kinds: Acknowledgement[] = ['accept', 'release', 'reject', 'renew', 'gap']
        const types = random.integer(2) === 0 ? [pick(kinds)] : Array.from({ length: last - first + 1 }, () => pick(kinds))
        const range: AcknowledgedRange = { first, last, types }
        const result = acknowledge(state, [range], { owner, deliveryCountLimit: limit, givenUp, lockedUntilMs: nowMs + lockMs })
        const offsets = Array.from({ length: last - first + 1 }, (_, at) => first + at).filter((offset) => offset >= model.start)
        const held = offsets.every((offset) => model.records[offset]?.state === 'acquired' && model.records[offset]!.owner === owner)
        expect(typeof result === 'string').toBe(!held)
        if (typeof result === 'string') break
        state = result
        for (const offset of offsets)
          settleOne(model, model.records[offset]!, types.length === 1 ? types[0]! : types[offset - first]!, nowMs + lockMs)
        break
      }
      case 7: {
        nowMs += random.integer(80)
        const due = nextLapseMs(state)
        const next = lapse(state, nowMs, { deliveryCountLimit: limit, givenUp })
        expect(next !== null).toBe(due !== null && due <= nowMs)
        state = next ?? state
        for (const rec of model.records) if (rec.state === 'acquired' && rec.until <= nowMs) model.free(rec)
        break
      }
      case 8:
        switch (random.integer(4)) {
          case 0: {
            state = releaseOwner(state, owner, { deliveryCountLimit: limit, givenUp }) ?? state
            for (const rec of model.records) if (rec.state === 'acquired' && rec.owner === owner) model.free(rec)
            break
          }
          case 1: {
            const to = state.startOffset + random.integer(4)
            if (to > end) break
            state = trimTo(state, to) ?? state
            while (model.records.length < to) model.records.push({ state: 'archived', count: 0, owner: '', until: 0 })
            for (let offset = model.start; offset < to; offset++) model.records[offset]!.state = 'archived'
            break
          }
          default: {
            // A restart: what was stored is what was there, with nothing held.
            const again = stateOfRow(structuredClone(rowOf(state)))
            expect(again).toEqual(unheld(state))
            state = again
            for (const rec of model.records) if (rec.state === 'acquired') Object.assign(rec, { state: 'available', owner: '', until: 0 })
          }
        }
        break
      case 9: {
        const first = state.startOffset + random.integer(4)
        const last = first + random.integer(4)
        const meant = model.records.slice(first, last + 1).filter((rec) => rec.state === 'rejected' || rec.state === 'spent')
        const next = bury(state, first, last)
        expect(next !== null).toBe(meant.length > 0)
        state = next ?? state
        for (const rec of meant) rec.state = 'archived'
      }
    }
    model.settle()
    expectSame(state, model)
    for (const run of state.runs) expect(run.deliveryCount).toBeLessThanOrEqual(limit)
  }
}

function settleOne(model: Model, rec: Rec, type: Acknowledgement, until: number): void {
  if (type === 'renew') rec.until = until
  else if (type === 'release') model.free(rec)
  else {
    const refused = type === 'reject' && model.givenUp === 'spent' ? 'rejected' : 'archived'
    Object.assign(rec, { state: type === 'accept' ? 'acknowledged' : refused, owner: '', until: 0 })
  }
}

describe('a share partition', () => {
  test('does what the model of single records does', () => {
    for (let seed = 1; seed <= 60; seed++) {
      try {
        play(seed, seed % 2 === 0 ? 'archived' : 'spent')
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })

  test('acquired ranges end with the batch that makes them long enough', () => {
    const batches = [0, 10, 20].map((first) => ({ first, last: first + 9, deliverable: true }))
    const request = { owner: 'a', lockedUntilMs: 1, recordsMax: 100, strict: false, inFlightMax: 100, deliveryCountLimit: 5, readFrom: 0, batches }
    const ranges = (batchSize: number) => acquire(emptyState(0), { ...request, batchSize }).acquired.map(({ first, last }) => [first, last])
    expect(ranges(500)).toEqual([[0, 29]])
    expect(ranges(15)).toEqual([
      [0, 19],
      [20, 29],
    ])
    expect(ranges(1)).toEqual([
      [0, 9],
      [10, 19],
      [20, 29],
    ])
  })

  test('a batch is handed out whole where the room ends in it, and nothing after it', () => {
    const batches = [0, 10, 20].map((first) => ({ first, last: first + 9, deliverable: true }))
    const got = acquire(emptyState(0), {
      owner: 'a',
      lockedUntilMs: 1,
      recordsMax: 100,
      strict: false,
      batchSize: 500,
      inFlightMax: 15,
      deliveryCountLimit: 5,
      readFrom: 0,
      batches,
    })
    expect(got.acquired).toEqual([{ first: 0, last: 19, deliveryCount: 1 }])
    expect(mayAcquire(got.state, 30, 15)).toBe(false)
  })

  test('what becomes available while the log is read further on is not passed over', () => {
    const request = { lockedUntilMs: 1, recordsMax: 10, strict: true, batchSize: 500, inFlightMax: 100, deliveryCountLimit: 5 }
    const batch = (first: number) => ({ first, last: first + 9, deliverable: true })
    const { state } = acquire(emptyState(0), { ...request, owner: 'a', readFrom: 0, batches: [batch(0)] })
    // Somebody reads from 10 on; meanwhile 0 to 9 are given back.
    const given = releaseOwner(state, 'a', { deliveryCountLimit: 5 })!
    const got = acquire(given, { ...request, owner: 'b', readFrom: 10, batches: [batch(10)] })
    expect(got.acquired).toEqual([{ first: 10, last: 19, deliveryCount: 1 }])
    expect(nextOffset(got.state)).toBe(0)
    // And where the group was moved back meanwhile, what was read lies too far on.
    expect(acquire(emptyState(5), { ...request, owner: 'b', readFrom: 10, batches: [batch(10)] })).toEqual({ state: emptyState(5), acquired: [] })
  })
})
