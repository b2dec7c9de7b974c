// Recent chunks: bounded by the memory that they keep alive, oldest out first.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentChunks } from '../../storage/recent-chunks.ts'

const own = (size: number) => Buffer.allocUnsafeSlow(size)
const chunk = (baseOffset: number, bytes = own(100)) => ({ baseOffset, endOffset: baseOffset + 1, bytes })
const offsets = (recent: RecentChunks, partition: number, from: number, bytesMax = 1e9) =>
  recent.read(partition, from, bytesMax).chunks.map(({ baseOffset }) => baseOffset)

test('the oldest go first, whatever their partition', () => {
  const recent = new RecentChunks(300)
  recent.add(1, chunk(0))
  recent.add(2, chunk(0))
  recent.add(1, chunk(1))
  recent.add(1, chunk(2))
  expect(recent.bytes).toBe(300)
  expect(offsets(recent, 1, 0)).toEqual([])
  expect(offsets(recent, 2, 0)).toEqual([0])
  expect(offsets(recent, 1, 1)).toEqual([1, 2])
})

test('a frame that several chunks are slices of counts once, until the last of them goes', () => {
  const recent = new RecentChunks(2500)
  const frame = own(1000)
  recent.add(1, chunk(0, frame.subarray(0, 500)))
  recent.add(2, chunk(0, frame.subarray(500)))
  expect(recent.bytes).toBe(1000)
  recent.forget(1, 1)
  expect(recent.bytes).toBe(1000)
  recent.forget(2, 1)
  expect(recent.bytes).toBe(0)
})

test('a chunk whose memory is more than all there may be is not kept', () => {
  const recent = new RecentChunks(300)
  recent.add(1, chunk(0))
  recent.add(1, chunk(1, own(1000).subarray(0, 10)))
  recent.add(1, chunk(2))
  expect(recent.bytes).toBe(200)
  // Nothing after the gap is given as if it followed.
  expect(offsets(recent, 1, 0)).toEqual([0])
  expect(offsets(recent, 1, 1)).toEqual([])
  expect(recent.read(1, 0, 1e9).complete).toBe(false)
})

test('a chunk in memory that is used again is copied where somebody follows the partition, and is not kept elsewhere', () => {
  const recent = new RecentChunks(1000)
  const memory = own(100).fill(1)
  recent.addCopy(1, chunk(0, memory), 0)
  expect(offsets(recent, 1, 0)).toEqual([])
  recent.follow(1, 0)
  recent.addCopy(1, chunk(1, memory), 60_000)
  memory.fill(2)
  expect(recent.read(1, 1, 1e9).chunks[0]?.bytes[0]).toBe(1)
  // Nobody came back for a minute.
  recent.addCopy(1, chunk(2, memory), 60_001)
  expect(offsets(recent, 1, 1)).toEqual([1])
})

test('a read that its bytes cut short is complete, one that runs out of chunks is not', () => {
  const recent = new RecentChunks(1000)
  for (const offset of [0, 1, 2]) recent.add(1, chunk(offset))
  expect(recent.read(1, 0, 250)).toMatchObject({ bytes: 200, complete: true })
  expect(recent.read(1, 0, 1)).toMatchObject({ bytes: 100, complete: true })
  expect(recent.read(1, 0, 1000)).toMatchObject({ bytes: 300, complete: false })
})

test('what it counts is what it holds, through any history', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), partition: fc.nat(2), size: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ do: fc.constant('forget' as const), partition: fc.nat(2), back: fc.nat(5) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const recent = new RecentChunks(1000)
      const next = [0, 0, 0]
      for (const taken of steps) {
        if (taken.do === 'add') recent.add(taken.partition, chunk(next[taken.partition]!++, own(taken.size)))
        else recent.forget(taken.partition, next[taken.partition]! - taken.back)
        let held = 0
        next.forEach((end, partition) => {
          for (let offset = 0; offset < end; offset++) {
            const [first] = recent.read(partition, offset, 0).chunks
            if (first) held += first.bytes.length
          }
        })
        expect(recent.bytes).toBe(held)
        expect(held).toBeLessThanOrEqual(1000)
      }
    }),
  )
})
