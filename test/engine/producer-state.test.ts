import { expect, test } from 'vitest'
import { ProducerState } from '../../src/engine/producer-state.ts'

const batch = (baseSequence: number, recordCount = 1, producerEpoch = 0, producerId = 7) => ({ producerId, producerEpoch, baseSequence, recordCount })

/** The batch at this offset has this time. */
const timeOf = (offset: number): number => 1000 + offset
const duplicateAt = (baseOffset: number) => ({ kind: 'duplicate', baseOffset, timestampMs: timeOf(baseOffset) })

function stateAfter(...batches: [baseSequence: number, count: number, baseOffset: number][]): ProducerState {
  const state = new ProducerState()
  for (const [sequence, count, offset] of batches) state.replay(batch(sequence, count), timeOf(offset), offset, 0)
  return state
}

test('an unknown producer may begin with any sequence', () => {
  expect(new ProducerState().check(batch(17))).toEqual({ kind: 'append' })
})

test('the next sequence is appended, a gap is refused, a retry gets its first offset', () => {
  const state = stateAfter([0, 10, 100], [10, 5, 110])
  expect(state.check(batch(15))).toEqual({ kind: 'append' })
  expect(() => state.check(batch(16))).toThrow(expect.objectContaining({ code: 'sequence-out-of-order' }))
  expect(state.check(batch(0, 10))).toEqual(duplicateAt(100))
  expect(state.check(batch(10, 5))).toEqual(duplicateAt(110))
  expect(() => state.check(batch(10, 4))).toThrow(expect.objectContaining({ code: 'sequence-out-of-order' }))
})

test('five batches are remembered, the sixth oldest is not', () => {
  const state = stateAfter(...Array.from({ length: 6 }, (_, i): [number, number, number] => [i, 1, i]))
  expect(state.check(batch(1))).toEqual(duplicateAt(1))
  expect(() => state.check(batch(0))).toThrow(expect.objectContaining({ code: 'sequence-out-of-order' }))
})

test('sequences wrap from 2^31 - 1 to 0, also inside a batch', () => {
  const state = stateAfter([2 ** 31 - 2, 4, 0])
  expect(state.check(batch(2))).toEqual({ kind: 'append' })
  expect(state.check(batch(2 ** 31 - 2, 4))).toEqual(duplicateAt(0))
})

test('an older epoch is stale, a newer one starts with sequence 0', () => {
  const state = new ProducerState()
  state.replay(batch(0, 1, 3), 0, 0, 0)
  expect(() => state.check(batch(1, 1, 2))).toThrow(expect.objectContaining({ code: 'producer-epoch-stale' }))
  expect(() => state.check(batch(1, 1, 4))).toThrow(expect.objectContaining({ code: 'sequence-out-of-order' }))
  expect(state.check(batch(0, 1, 4))).toEqual({ kind: 'append' })
})

test('a retry of a batch that is still on its way waits for the same offset', async () => {
  const state = new ProducerState()
  let store: (offset: number) => void = () => {}
  state.begin(batch(0), 1234, new Promise((resolve) => (store = resolve)), 0)
  const verdict = state.check(batch(0))
  if (verdict.kind !== 'duplicate') throw new Error('not a duplicate')
  expect(verdict.timestampMs).toBe(1234)
  store(55)
  expect(await verdict.baseOffset).toBe(55)
})

test('rows bring the state back', () => {
  const state = stateAfter([0, 10, 100], [10, 5, 110])
  const again = ProducerState.from(state.rows())
  expect(again.check(batch(10, 5))).toEqual(duplicateAt(110))
  expect(again.check(batch(15))).toEqual({ kind: 'append' })
})

test('producers expire by their last use, and the longest unused go first above the limit', () => {
  const state = new ProducerState()
  for (const [producerId, at] of [
    [1, 10],
    [2, 20],
    [3, 30],
  ] as const) {
    state.replay(batch(0, 1, 0, producerId), 0, 0, at)
  }
  state.expire(15, 10, () => false)
  expect(state.size).toBe(2)
  state.expire(0, 1, () => false)
  expect(state.check(batch(5, 1, 0, 2))).toEqual({ kind: 'append' })
  expect(() => state.check(batch(5, 1, 0, 3))).toThrow()
})

test('a producer in the middle of a transaction does not expire', () => {
  const state = new ProducerState()
  for (const producerId of [1, 2]) state.replay(batch(0, 1, 0, producerId), 0, 0, 10)
  state.expire(20, 10, (producerId) => producerId === 1)
  expect([state.epochOf(1), state.epochOf(2)]).toEqual([0, null])
})

test('where a marker raised the epoch, the next batch starts with sequence 0', () => {
  const state = new ProducerState()
  state.replay(batch(0, 3), 0, 0, 10)
  state.mark(batch(0, 3).producerId, 1, 11)
  expect(() => state.check({ ...batch(3, 1), producerEpoch: 1 })).toThrow(/sequence 0 was expected/)
  expect(state.check({ ...batch(0, 1), producerEpoch: 1 })).toEqual({ kind: 'append' })
})

test('a marker of an older epoch changes nothing', () => {
  const state = new ProducerState()
  state.replay(batch(0, 1, 5), timeOf(0), 0, 0)
  state.mark(7, 4, 10)
  expect(state.epochOf(7)).toBe(5)
  expect(state.check(batch(1, 1, 5))).toEqual({ kind: 'append' })
})
