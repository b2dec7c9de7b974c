import { expect, test } from 'vitest'
import { Budget } from '../../src/kafka/budget.ts'

test('who finds no room waits in line, and is served in order', () => {
  const budget = new Budget(100)
  const granted: string[] = []
  const claim = (name: string, bytes: number) => budget.claim(bytes, () => granted.push(name))
  expect(claim('a', 60)).toBe(true)
  expect(claim('b', 60)).toBe(false)
  // Would fit, but others were first.
  expect(claim('c', 10)).toBe(false)
  expect(budget.waiting).toBe(2)
  budget.release(60)
  expect(granted).toEqual(['b', 'c'])
  expect(budget.heldBytes).toBe(70)
})

test('what is larger than the limit passes alone', () => {
  const budget = new Budget(100)
  let granted = 0
  expect(budget.claim(50, () => {})).toBe(true)
  expect(
    budget.claim(1000, () => {
      granted++
    }),
  ).toBe(false)
  budget.release(50)
  expect(granted).toBe(1)
  expect(budget.claim(1, () => {})).toBe(false)
  budget.release(1000)
  expect(budget.heldBytes).toBe(1)
})

test('leaving the line lets the next one in', () => {
  const budget = new Budget(100)
  const first = (): void => {
    throw new Error('has left')
  }
  let second = 0
  budget.claim(60, () => {})
  budget.claim(90, first)
  budget.claim(40, () => {
    second++
  })
  budget.withdraw(first)
  expect(second).toBe(1)
  expect(budget.heldBytes).toBe(100)
})

test('a negative limit is none', () => {
  const budget = new Budget(-1)
  expect(budget.claim(1e15, () => {})).toBe(true)
  expect(budget.claim(1e15, () => {})).toBe(true)
})
