// Token buckets: what they let through in a second, and what a clock that jumps does to them.
import { expect, test } from 'vitest'
import { Bucket } from '../../src/kinesis/bucket.ts'

test('a bucket fills evenly, up to its size, and debts are paid off first', () => {
  const bucket = new Bucket(10, 20, 0)
  expect(bucket.take(21, 0)).toBe(false)
  expect(bucket.take(20, 0)).toBe(true)
  expect([bucket.has(5, 499), bucket.has(5, 500)]).toEqual([false, true])
  bucket.spend(15, 500)
  expect([bucket.has(1, 1500), bucket.has(1, 1600), bucket.has(20, 3500), bucket.has(21, 60_000)]).toEqual([false, true, true, false])
})

test('a clock that is set back stops no bucket from filling', () => {
  const bucket = new Bucket(10, 10, 5000)
  expect(bucket.take(10, 5000)).toBe(true)
  expect([bucket.has(1, 1000), bucket.has(10, 2000)]).toEqual([false, true])
})
