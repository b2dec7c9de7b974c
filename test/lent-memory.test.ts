import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LentMemory } from '../src/lent-memory.ts'

test('memory that was given back is lent again, and only once at a time', () => {
  const memory = new LentMemory(1 << 24)
  const first = memory.lend(100_000)!
  const second = memory.lend(100_000)!
  expect(second.buffer).not.toBe(first.buffer)
  expect(memory.lends(first)).toBe(true)
  memory.giveBack(first)
  memory.giveBack(first)
  const third = memory.lend(99_000)!
  expect(third.buffer).toBe(first.buffer)
  expect(third).toHaveLength(99_000)
  expect(memory.lend(100_000)!.buffer).not.toBe(first.buffer)
})

test('small and huge frames are not lent, and foreign memory is left alone', () => {
  const memory = new LentMemory(1 << 24)
  expect(memory.lend(1000)).toBeNull()
  expect(memory.lend(100 << 20)).toBeNull()
  const foreign = Buffer.alloc(100_000)
  memory.giveBack(foreign)
  expect(memory.lends(foreign)).toBe(false)
  expect(memory.keptBytes).toBe(0)
})

test('no more is kept than allowed', () => {
  const memory = new LentMemory(300_000)
  const lent = Array.from({ length: 5 }, () => memory.lend(65_536 * 2)!)
  for (const frame of lent) memory.giveBack(frame)
  expect(memory.keptBytes).toBe(262_144)
})

test('what nobody needed between two trims is let go, what was needed stays', () => {
  const memory = new LentMemory(1 << 24)
  const lent = Array.from({ length: 4 }, () => memory.lend(1 << 20)!)
  for (const frame of lent) memory.giveBack(frame)
  memory.trim()
  expect(memory.keptBytes).toBe(4 << 20)
  const one = memory.lend(1 << 20)!
  memory.giveBack(one)
  memory.trim()
  expect(memory.keptBytes).toBe(1 << 20)
  memory.trim()
  expect(memory.keptBytes).toBe(0)
})

test('frames of any size have their size, and never share memory', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1 << 16, max: 1 << 22 }), { maxLength: 30 }), (sizes) => {
      const memory = new LentMemory(1 << 25)
      const held: Buffer[] = []
      for (const [i, size] of sizes.entries()) {
        const frame = memory.lend(size)!
        expect(frame).toHaveLength(size)
        expect(frame.buffer.byteLength).toBeLessThanOrEqual(size * 1.25 + 1)
        expect(held.some(({ buffer }) => buffer === frame.buffer)).toBe(false)
        held.push(frame)
        if (i % 3 === 2) memory.giveBack(held.shift()!)
      }
    }),
  )
})
