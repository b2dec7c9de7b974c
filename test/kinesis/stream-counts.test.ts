// The counts behind Kinesis's metrics, with the clock passed in.
import { expect, test } from 'vitest'
import { RecentMax } from '../../src/kinesis/stream-counts.ts'
import { seriesName } from '../../src/kinesis-metrics.ts'

test('the largest value is remembered for half a minute at least and a minute at most', () => {
  const max = new RecentMax()
  expect(max.value(0)).toBeNull()
  max.note(5, 10_000)
  max.note(3, 20_000)
  expect(max.value(29_000)).toBe(5)
  max.note(4, 31_000)
  expect(max.value(59_000)).toBe(5)
  expect(max.value(60_000)).toBe(4)
  expect(max.value(90_000)).toBeNull()
})

test('CloudWatch’s names are spelled as Prometheus does', () => {
  expect(seriesName('IncomingBytes')).toBe('twinlog_kinesis_incoming_bytes')
  expect(seriesName('SubscribeToShardEvent.MillisBehindLatest')).toBe('twinlog_kinesis_subscribe_to_shard_event_millis_behind_latest')
})
