import { expect, test } from 'vitest'
import { PartitionTransactions } from '../../src/engine/partition-transactions.ts'

function stateAfter(build: (state: PartitionTransactions) => void): PartitionTransactions {
  const state = new PartitionTransactions()
  build(state)
  return state
}
const transaction = (state: PartitionTransactions, producerId: number, firstOffset: number, markerOffset: number, committed: boolean): void => {
  state.begin(producerId, firstOffset, 0)
  state.opened(producerId, firstOffset)
  state.end(producerId, markerOffset, committed)
}

test('the last stable offset stops at the oldest open transaction, and goes on when it ends', () => {
  const state = stateAfter((s) => {
    s.begin(1, 10, 0)
    s.begin(2, 20, 0)
  })
  expect(state.lastStableOffset(50)).toBe(10)
  state.end(1, 30, true)
  expect(state.lastStableOffset(50)).toBe(20)
  state.end(2, 40, false)
  expect(state.lastStableOffset(50)).toBe(50)
})

test('a batch on its way holds the last stable offset at the durable end of that moment', () => {
  const state = new PartitionTransactions()
  expect(state.begin(1, 100, 0)).toBe(true)
  expect(state.begin(1, 105, 0)).toBe(false)
  expect(state.lastStableOffset(120)).toBe(100)
  state.opened(1, 110)
  expect(state.lastStableOffset(120)).toBe(110)
})

test('aborted transactions are told where they touch the range, by first offset; committed ones never', () => {
  const state = stateAfter((s) => {
    transaction(s, 1, 0, 9, false)
    s.begin(2, 10, 0)
    s.opened(2, 10)
    transaction(s, 3, 12, 15, false)
    s.end(2, 20, false)
    transaction(s, 4, 22, 25, true)
  })
  expect(state.abortedBetween(0, 100)).toEqual([
    { producerId: 1, firstOffset: 0 },
    { producerId: 2, firstOffset: 10 },
    { producerId: 3, firstOffset: 12 },
  ])
  expect(state.abortedBetween(10, 12)).toEqual([{ producerId: 2, firstOffset: 10 }])
  expect(state.abortedBetween(16, 100)).toEqual([{ producerId: 2, firstOffset: 10 }])
  expect(state.abortedBetween(21, 100)).toEqual([])
})

test('ranges before the start are forgotten; a snapshot stores each range once', () => {
  const state = stateAfter((s) => {
    transaction(s, 1, 0, 9, false)
    transaction(s, 2, 10, 19, false)
  })
  expect(state.takeUnstored(15)).toEqual([{ producerId: 1, firstOffset: 0, lastOffset: 9 }])
  expect(state.takeUnstored(100)).toEqual([{ producerId: 2, firstOffset: 10, lastOffset: 19 }])
  expect(state.takeUnstored(100)).toEqual([])
  state.trim(10)
  expect(state.abortedBetween(0, 100)).toEqual([{ producerId: 2, firstOffset: 10 }])
  transaction(state, 3, 20, 29, false)
  expect(state.takeUnstored(100)).toEqual([{ producerId: 3, firstOffset: 20, lastOffset: 29 }])
})

test('rows bring open transactions back', () => {
  const state = stateAfter((s) => {
    s.begin(7, 2, 99)
    s.opened(7, 3)
    s.begin(8, 5, 100)
  })
  expect(PartitionTransactions.from(state.rows(), []).open()).toEqual([{ producerId: 7, firstOffset: 3, startedMs: 99 }])
})
