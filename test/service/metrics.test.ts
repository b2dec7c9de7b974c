// /metrics: what the counts become, in text that a parser of our own accepts.
import { describe, expect, it } from 'vitest'
import { Settings } from '../../src/config.ts'
import { Counters, Histogram } from '../../src/counters.ts'
import { createMetrics, type MeasuredGroup, type MeasuredTopic } from '../../src/metrics.ts'
import { parsePrometheus, sampleOf } from './prometheus-text.ts'

const figures = {
  commits: 3,
  commitSeconds: 0.5,
  appends: 4,
  appendedBytes: 400,
  refusedWrites: 5,
  fileBytes: 8192,
  freeBytes: 4096,
  recentBytes: 100,
}
const compaction = {
  passes: 2,
  seconds: 1.5,
  readBytes: 9000,
  writtenBytes: 3000,
  recordsKept: 30,
  recordsRemoved: 60,
  dirtyRatio: 0.25,
  refusedPartitions: 1,
}
const topic = (name: string, partitionCount: number): MeasuredTopic => ({
  name,
  partitions: Array.from({ length: partitionCount }, (_, index) => ({ index, opened: true, startOffset: 2, endOffset: 10 + index, bytes: 1000 })),
})

async function scrape({ counters = new Counters(), topics = [] as MeasuredTopic[], groups = [] as MeasuredGroup[], settings = new Settings() } = {}) {
  const metrics = createMetrics({
    counters,
    settings,
    version: '1.2.3',
    storeFigures: () => figures,
    compaction: () => compaction,
    topics: () => topics,
    groups: () => groups,
    groupStates: () => groups.map(({ type }) => ({ kind: type, state: 'Stable' })),
    kinesis: () => null,
  })
  return parsePrometheus(await metrics.text())
}

describe('a scrape', () => {
  it('shows requests by door, operation and error, with their durations', async () => {
    const counters = new Counters()
    counters.observeRequest('kafka', 'Produce', 'NONE', 0.0004)
    counters.observeRequest('kafka', 'Produce', 'NONE', 0.3)
    counters.observeRequest('kafka', 'Produce', 'MESSAGE_TOO_LARGE', 0.0001)
    counters.observeRequest('aws', 'PutRecord', 'ResourceNotFoundException', 20)
    const families = await scrape({ counters })
    expect(sampleOf(families, 'twinlog_requests_total', { door: 'kafka', operation: 'Produce', error: 'NONE' })).toBe(2)
    expect(sampleOf(families, 'twinlog_requests_total', { error: 'MESSAGE_TOO_LARGE' })).toBe(1)
    const duration = 'twinlog_request_duration_seconds'
    expect(sampleOf(families, `${duration}_bucket`, { operation: 'Produce', le: '0.0005' })).toBe(2)
    expect(sampleOf(families, `${duration}_bucket`, { operation: 'Produce', le: '0.5' })).toBe(3)
    expect(sampleOf(families, `${duration}_bucket`, { operation: 'PutRecord', le: '10' })).toBe(0)
    expect(sampleOf(families, `${duration}_count`, { operation: 'PutRecord' })).toBe(1)
    expect(sampleOf(families, `${duration}_sum`, { operation: 'Produce' })).toBeCloseTo(0.3005)
  })

  it('shows bytes and connections by door', async () => {
    const counters = new Counters()
    counters.bytesIn('kafka', 100)
    counters.bytesOut('aws', 7)
    counters.connectionOpened('kafka')
    counters.connectionOpened('kafka')
    counters.connectionClosed('kafka')
    counters.connectionRejected('aws')
    const families = await scrape({ counters })
    expect(sampleOf(families, 'twinlog_received_bytes_total', { door: 'kafka' })).toBe(100)
    expect(sampleOf(families, 'twinlog_sent_bytes_total', { door: 'aws' })).toBe(7)
    expect(sampleOf(families, 'twinlog_connections', { door: 'kafka' })).toBe(1)
    expect(sampleOf(families, 'twinlog_connections_opened_total', { door: 'kafka' })).toBe(2)
    expect(sampleOf(families, 'twinlog_connections_rejected_total', { door: 'aws' })).toBe(1)
  })

  it('shows commits, the store and what runs', async () => {
    const counters = new Counters()
    counters.observeCommit(0.002, 3, 5000)
    const families = await scrape({ counters })
    expect(sampleOf(families, 'twinlog_commit_duration_seconds_count')).toBe(1)
    expect(sampleOf(families, 'twinlog_commit_appends_sum')).toBe(3)
    expect(sampleOf(families, 'twinlog_commit_size_bytes_sum')).toBe(5000)
    expect(sampleOf(families, 'twinlog_storage_map_bytes')).toBe(8192)
    expect(sampleOf(families, 'twinlog_storage_free_bytes')).toBe(4096)
    expect(sampleOf(families, 'twinlog_build_info', { version: '1.2.3' })).toBe(1)
    for (const name of ['nodejs_eventloop_lag_seconds', 'process_cpu_seconds_total', 'process_resident_memory_bytes'])
      expect(families.has(name), name).toBe(true)
  })

  it('shows what compaction did and what it found', async () => {
    const families = await scrape()
    const value = (name: string, labels = {}) => sampleOf(families, `twinlog_compaction_${name}`, labels)
    expect(value('passes_total')).toBe(2)
    expect(value('duration_seconds_total')).toBe(1.5)
    expect([value('read_bytes_total'), value('written_bytes_total')]).toEqual([9000, 3000])
    expect([value('records_total', { outcome: 'kept' }), value('records_total', { outcome: 'removed' })]).toEqual([30, 60])
    expect(value('dirty_ratio')).toBe(0.25)
    expect(value('refused_partitions')).toBe(1)
  })

  it('shows partitions and the lag of groups', async () => {
    const groups = [
      {
        groupId: 'g"1\n',
        type: 'classic',
        members: 2,
        offsets: [
          { topic: 'orders', partition: 0, offset: 4 },
          { topic: 'orders', partition: 1, offset: 11 },
          { topic: 'gone', partition: 0, offset: 1 },
        ],
      },
    ]
    const families = await scrape({ topics: [topic('orders', 2)], groups })
    expect(sampleOf(families, 'twinlog_partition_end_offset', { topic: 'orders', partition: '1' })).toBe(11)
    expect(sampleOf(families, 'twinlog_partition_start_offset', { topic: 'orders', partition: '0' })).toBe(2)
    expect(sampleOf(families, 'twinlog_group_members', { group: 'g"1\n' })).toBe(2)
    expect(sampleOf(families, 'twinlog_group_lag_records', { group: 'g"1\n', topic: 'orders' })).toBe(6)
    expect(sampleOf(families, 'twinlog_partitions')).toBe(2)
  })

  it('bounds what clients can make up: topics, partitions, groups', async () => {
    const counters = new Counters(2)
    for (let i = 0; i < 5; i++) counters.topic(`t${i}`).recordsIn += 10
    const settings = Settings.of({ 'metrics.partitions.max': 3, 'metrics.groups.max': 1 })
    const groups = ['a', 'b'].map((groupId) => ({ groupId, type: 'classic', members: 0, offsets: [] }))
    const families = await scrape({ counters, topics: [topic('t0', 10)], groups, settings })
    expect(families.get('twinlog_topic_records_total')?.samples.map(({ labels, value }) => [labels['topic'], value])).toEqual([
      ['t0', 10],
      ['t1', 10],
      ['_other', 30],
    ])
    expect(families.get('twinlog_partition_end_offset')?.samples).toHaveLength(3)
    expect(families.get('twinlog_group_members')?.samples).toHaveLength(1)
    expect(sampleOf(families, 'twinlog_groups')).toBe(2)
    expect(sampleOf(families, 'twinlog_groups_by_state', { type: 'classic', state: 'Stable' })).toBe(2)
  })

  it('shows what became of the dead letters of share groups, bounded too', async () => {
    const counters = new Counters(200, 1000, 1)
    Object.assign(counters.deadLetters.of('g'), { records: 5, writes: 3, failedWrites: 1 })
    for (const group of ['h', 'i']) counters.deadLetters.of(group).writes++
    const families = await scrape({ counters })
    const of = (name: string, group: string) => sampleOf(families, `twinlog_share_group_dead_letter_${name}_total`, { group })
    expect(['records', 'writes', 'failed_writes'].map((name) => of(name, 'g'))).toEqual([5, 3, 1])
    expect(of('writes', '_other')).toBe(2)
  })

  it('forgets what is gone', async () => {
    const counters = new Counters()
    counters.topic('t').bytesIn += 1
    const metrics = createMetrics({
      counters,
      settings: new Settings(),
      version: '1',
      storeFigures: () => figures,
      compaction: () => compaction,
      topics: () => [],
      groups: () => [],
      groupStates: () => [],
      kinesis: () => null,
    })
    expect(parsePrometheus(await metrics.text()).get('twinlog_topic_received_bytes_total')?.samples).toHaveLength(1)
    counters.forgetTopic('t')
    expect(parsePrometheus(await metrics.text()).get('twinlog_topic_received_bytes_total')?.samples).toHaveLength(0)
  })
})

describe('a histogram', () => {
  it('counts a value on a bound below it', () => {
    const histogram = new Histogram([1, 2])
    for (const value of [1, 1.5, 2, 3]) histogram.observe(value)
    expect([...histogram.counts]).toEqual([1, 2, 1])
    expect(histogram.sum).toBe(7.5)
  })
})
