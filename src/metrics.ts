// What /metrics shows: the broker's own counts and figures as prom-client metrics, read when somebody scrapes. Costs nothing until then:
// this file, and prom-client with it (65 ms), is imported by the first scrape. Counting is counters.ts's.
//
// Names follow Prometheus: base units in the name, `_total` for what only grows. Labels come from our own tables or are bounded in number.
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { StoreFigures } from '../storage/store.ts'
import type { Settings } from './config.ts'
import type { Counters, TopicCounts } from './counters.ts'
import type { DeadLetters } from './dead-letter-counts.ts'
import type { CompactionFigures } from './engine/compaction-runner.ts'
import type { KinesisCounts } from './kinesis/stream-counts.ts'
import { describeKinesis } from './kinesis-metrics.ts'
import { type Labels, Maker, type Series } from './metrics-maker.ts'

/** What is asked of a topic: engine/topics.ts's Topic has it. */
export interface MeasuredTopic {
  readonly name: string
  readonly partitions: readonly {
    readonly index: number
    /** Bounds are known; a partition that nobody used since the start is not opened for a scrape. */
    readonly opened: boolean
    readonly startOffset: number
    readonly endOffset: number
    readonly bytes: number
  }[]
}

/** What is asked of a group. */
export interface MeasuredGroup {
  readonly groupId: string
  /** classic, consumer, share … */
  readonly type: string
  readonly members: number
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}

/** Where the figures come from. */
export interface MetricsSources {
  readonly counters: Counters
  readonly settings: Settings
  readonly version: string
  storeFigures(): StoreFigures
  compaction(): CompactionFigures
  topics(): readonly MeasuredTopic[]
  /** At most metrics.groups.max of them are shown. */
  groups(): readonly MeasuredGroup[]
  /** Every group. */
  groupStates(): readonly { readonly kind: string; readonly state: string }[]
  /** Null while the AWS door does not listen. */
  kinesis(): KinesisCounts | null
}

/** The metrics of one broker. */
export interface Metrics {
  /** Prometheus's text format, read now. */
  text(): Promise<string>
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry()
  const make = new Maker(registry)
  describeRequests(make, sources.counters)
  describeStorage(make, sources)
  describeCompaction(make, sources)
  describeTopics(make, sources)
  describeGroups(make, sources)
  describeDeadLetters(make, sources.counters)
  describeClients(make, sources.counters)
  describeKinesis(make, sources)
  make.gauge('twinlog_build_info', 'Always 1; the labels say what runs.', ['version', 'node'], () => [
    [{ version: sources.version, node: process.version }, 1],
  ])
  return {
    async text() {
      return `${await registry.metrics()}\n${await processRegistry().metrics()}`
    },
  }
}

let ofProcess: Registry | null = null

/** CPU, memory, event-loop lag: facts of the process, whichever broker of it is asked. prom-client's observers for them cannot be taken down, so there is one set. */
function processRegistry(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

function describeRequests(make: Maker, counters: Counters): void {
  const doors = Object.entries(counters.doors)
  make.counter('twinlog_requests_total', 'Requests answered.', ['door', 'operation', 'error'], function* () {
    for (const { door, operation, byError } of counters.operations.values()) {
      for (const [error, count] of byError) yield [{ door, operation, error }, count]
    }
  })
  make.histogram('twinlog_request_duration_seconds', 'From the request’s last byte to its answer; long polls wait by design.', function* () {
    for (const { door, operation, seconds } of counters.operations.values()) yield [{ door, operation }, seconds]
  })
  make.counter('twinlog_received_bytes_total', 'Bytes received from clients.', ['door'], () => doors.map(([door, of]) => [{ door }, of.bytesIn]))
  make.counter('twinlog_sent_bytes_total', 'Bytes sent to clients.', ['door'], () => doors.map(([door, of]) => [{ door }, of.bytesOut]))
  make.gauge('twinlog_connections', 'Connections open.', ['door'], () => doors.map(([door, of]) => [{ door }, of.connections]))
  make.counter('twinlog_connections_opened_total', 'Connections accepted.', ['door'], () =>
    doors.map(([door, of]) => [{ door }, of.connectionsOpened]),
  )
  make.counter('twinlog_connections_rejected_total', 'Connections refused by a limit or closed for malformed input.', ['door'], () =>
    doors.map(([door, of]) => [{ door }, of.connectionsRejected]),
  )
}

function describeStorage(make: Maker, { counters, storeFigures }: MetricsSources): void {
  make.histogram('twinlog_commit_duration_seconds', 'From the start of a commit to its durability.', () => [[{}, counters.commitSeconds]])
  make.histogram('twinlog_commit_appends', 'Appends that one commit carried.', () => [[{}, counters.commitAppends]])
  make.histogram('twinlog_commit_size_bytes', 'Bytes appended by one commit.', () => [[{}, counters.commitBytes]])
  make.counter('twinlog_storage_refused_writes_total', 'Writes that the disk had no room for.', [], () => [[{}, storeFigures().refusedWrites]])
  const damaged = 'Reads that failed because the bytes of a stored batch do not give its checksum; the log says which.'
  make.counter('twinlog_storage_damaged_reads_total', damaged, [], () => [[{}, counters.damagedReads]])
  make.gauge('twinlog_storage_map_bytes', 'The data file as far as it is in use, free pages included; 0 in memory.', [], () => [
    [{}, storeFigures().fileBytes],
  ])
  make.gauge('twinlog_storage_free_bytes', 'Free pages of the data file, to be used again.', [], () => [[{}, storeFigures().freeBytes]])
  make.gauge('twinlog_storage_recent_bytes', 'Recently appended data kept in memory.', [], () => [[{}, storeFigures().recentBytes]])
}

function describeCompaction(make: Maker, { compaction }: MetricsSources): void {
  const count = (name: string, help: string, figure: keyof CompactionFigures): void =>
    make.counter(`twinlog_compaction_${name}_total`, help, [], () => [[{}, compaction()[figure]]])
  count('passes', 'Compactions of a partition that came to their end.', 'passes')
  count('duration_seconds', 'Time spent on compaction.', 'seconds')
  count('read_bytes', 'Bytes that compaction looked through to rewrite them.', 'readBytes')
  count('written_bytes', 'Bytes that compaction stored in their place; what needed no change is not written.', 'writtenBytes')
  make.counter('twinlog_compaction_records_total', 'Records that compaction looked at: kept or removed.', ['outcome'], () => [
    [{ outcome: 'kept' }, compaction().recordsKept],
    [{ outcome: 'removed' }, compaction().recordsRemoved],
  ])
  make.gauge('twinlog_compaction_dirty_ratio', 'The share of bytes not yet compacted in the dirtiest partition, as last looked at.', [], () => [
    [{}, compaction().dirtyRatio],
  ])
  const help = 'Partitions that could not be compacted and are left alone until a restart; the log says why.'
  make.gauge('twinlog_compaction_refused_partitions', help, [], () => [[{}, compaction().refusedPartitions]])
}

function describeTopics(make: Maker, { counters, settings, topics }: MetricsSources): void {
  const counted = function* (figure: keyof TopicCounts): Series {
    for (const [topic, counts] of counters.topics) yield [{ topic }, counts[figure]]
    if (counters.otherTopics[figure] > 0) yield [{ topic: '_other' }, counters.otherTopics[figure]]
  }
  make.counter('twinlog_topic_records_total', 'Records appended.', ['topic'], () => counted('recordsIn'))
  make.counter('twinlog_topic_received_bytes_total', 'Bytes appended, as stored.', ['topic'], () => counted('bytesIn'))
  make.counter('twinlog_topic_sent_bytes_total', 'Bytes read, as stored.', ['topic'], () => counted('bytesOut'))
  make.gauge('twinlog_topics', 'Topics that exist.', [], () => [[{}, topics().length]])
  make.gauge('twinlog_partitions', 'Partitions that exist.', [], () => [[{}, topics().reduce((sum, topic) => sum + topic.partitions.length, 0)]])
  const measured = function* (figure: 'startOffset' | 'endOffset' | 'bytes'): Series {
    let room = settings.get('metrics.partitions.max')
    for (const topic of topics()) {
      for (const partition of topic.partitions) {
        if (!partition.opened) continue
        if (room-- <= 0) return
        yield [{ topic: topic.name, partition: partition.index }, partition[figure]]
      }
    }
  }
  const labels = ['topic', 'partition']
  make.gauge('twinlog_partition_start_offset', 'First offset that exists.', labels, () => measured('startOffset'))
  make.gauge('twinlog_partition_end_offset', 'One past the last offset: the high watermark.', labels, () => measured('endOffset'))
  make.gauge('twinlog_partition_size_bytes', 'Bytes kept.', labels, () => measured('bytes'))
}

/** What clients pushed of themselves (KIP-714). */
function describeClients(make: Maker, { clientSeries }: Counters): void {
  const labels = ['metric', 'client_id', 'client_instance_id', 'attributes']
  const of = function* (kind: 'gauge' | 'count'): Series {
    for (const { labels: client, metric, attributes, value } of clientSeries.all(kind)) {
      yield [{ metric, client_id: client.clientId, client_instance_id: client.clientInstanceId, attributes }, value]
    }
  }
  make.gauge('twinlog_client_metric', 'Numbers that clients pushed of themselves, by the names that they gave them.', labels, () => of('gauge'))
  make.counter('twinlog_client_metric_total', 'The same for those that only grow.', labels, () => of('count'))
  make.gauge('twinlog_client_metric_clients', 'Clients that push metrics.', [], () => [[{}, clientSeries.clients]])
  make.counter('twinlog_client_metric_dropped_total', 'Pushed numbers for which metrics.client.series.max left no room.', [], () => [
    [{}, clientSeries.dropped],
  ])
}

function describeGroups(make: Maker, { settings, topics, groups, groupStates }: MetricsSources): void {
  const bounded = (): readonly MeasuredGroup[] => groups().slice(0, settings.get('metrics.groups.max'))
  make.gauge('twinlog_groups', 'Groups that exist.', [], () => [[{}, groupStates().length]])
  make.gauge('twinlog_groups_by_state', 'Groups of a kind in a state, both by Kafka’s names.', ['type', 'state'], () => stateSeries(groupStates()))
  make.gauge('twinlog_group_members', 'Members of a group.', ['group', 'type'], () =>
    bounded().map(({ groupId, type, members }) => [{ group: groupId, type }, members]),
  )
  const help = 'Offsets between what a group has committed, or settled as a share group, and the end, over a topic’s partitions.'
  make.gauge('twinlog_group_lag_records', help, ['group', 'topic'], () => lagSeries(topics(), bounded(), settings.get('metrics.partitions.max')))
}

function describeDeadLetters(make: Maker, { deadLetters }: Counters): void {
  const count = (name: string, help: string, figure: keyof DeadLetters): void =>
    make.counter(`twinlog_share_group_dead_letter_${name}_total`, help, ['group'], function* () {
      for (const [group, counts] of deadLetters.all()) yield [{ group }, counts[figure]]
    })
  count('records', 'Records that a share group gave up and told of in its topic for dead letters.', 'records')
  count('writes', 'Batches of dead letters that were to be written.', 'writes')
  count('failed_writes', 'Batches of dead letters that could not be written; the log says why.', 'failedWrites')
}

function* stateSeries(groups: readonly { readonly kind: string; readonly state: string }[]): Generator<readonly [Labels, number]> {
  const counts = new Map<string, [Labels, number]>()
  for (const { kind, state } of groups) {
    const series = counts.get(`${kind}/${state}`)
    if (series) series[1]++
    else counts.set(`${kind}/${state}`, [{ type: kind, state }, 1])
  }
  yield* counts.values()
}

function* lagSeries(topics: readonly MeasuredTopic[], groups: readonly MeasuredGroup[], seriesMax: number): Generator<readonly [Labels, number]> {
  const ends = new Map<string, number>()
  for (const { name, partitions } of topics)
    for (const { opened, index, endOffset } of partitions) if (opened) ends.set(`${name}/${index}`, endOffset)
  let room = seriesMax
  for (const { groupId, offsets } of groups) {
    const lagByTopic = new Map<string, number>()
    for (const { topic, partition, offset } of offsets) {
      const end = ends.get(`${topic}/${partition}`)
      if (end !== undefined) lagByTopic.set(topic, (lagByTopic.get(topic) ?? 0) + Math.max(0, end - offset))
    }
    for (const [topic, lag] of lagByTopic) if (room-- > 0) yield [{ group: groupId, topic }, lag]
  }
}
