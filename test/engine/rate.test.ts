// Rates and buckets for quotas: Kafka's arithmetic, by hand-made numbers.
import { expect, test } from 'vitest'
import { SampledRate, TokenBucket } from '../../src/engine/rate.ts'

const window = { samples: 11, sampleMs: 1000 }

test('a young rate counts as if all but one sample had passed', () => {
  const rate = new SampledRate(window)
  rate.record(10_000, 0)
  expect(rate.rate(0)).toBe(1000)
  expect(rate.rate(500)).toBeCloseTo(10_000 / 10.5)
  expect(rate.throttleMs(1000, 0)).toBe(0)
})

test('a rate above its bound waits until it is back there', () => {
  const rate = new SampledRate(window)
  rate.record(100_000, 0)
  // 10,000 a second over ten seconds is nine times too much for 1,000.
  expect(rate.throttleMs(1000, 0)).toBe(90_000)
})

test('what was recorded leaves with its sample', () => {
  const rate = new SampledRate(window)
  rate.record(11_000, 0)
  rate.record(11_000, 5000)
  expect(rate.rate(10_999)).toBeCloseTo(22_000 / 10.999)
  expect(rate.rate(11_000)).toBeCloseTo(11_000 / 10)
  expect(rate.idle(15_999)).toBe(false)
  expect(rate.idle(16_000)).toBe(true)
})

test('what is taken back never was', () => {
  const rate = new SampledRate(window)
  rate.record(500, 0)
  rate.record(9000, 10)
  rate.unrecord(9000)
  expect(rate.rate(10)).toBeCloseTo(500 / 10.01)
})

test('a bucket lets a burst through, then makes up for the debt', () => {
  const bucket = new TokenBucket(2, window, 0)
  bucket.take(22, 2, 0)
  expect(bucket.throttleMs(2, 0)).toBe(0)
  bucket.take(10, 2, 0)
  expect(bucket.throttleMs(2, 0)).toBe(5000)
  expect(bucket.throttleMs(2, 2000)).toBe(3000)
  expect(bucket.throttleMs(2, 5000)).toBe(0)
  expect(bucket.idle(2, 15_999)).toBe(false)
  expect(bucket.idle(2, 16_000)).toBe(true)
})

test('a clock that is set back holds nobody until it is there again', () => {
  const rate = new SampledRate(window)
  rate.record(5000, 3_600_000)
  for (let second = 0; second < 600; second++) rate.record(500, second * 1000)
  expect(rate.rate(600_000)).toBeLessThan(600)
  const bucket = new TokenBucket(2, window, 3_600_000)
  bucket.take(2, 2, 3_600_000)
  expect(bucket.throttleMs(2, 0)).toBe(0)
})
