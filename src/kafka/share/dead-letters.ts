// Dead letters of share groups (KIP-1191): what a group gave up is told of in a topic of its own, record by record, with headers that say where it came from and why,
// and with its key and value where the group asks for them. When, and what became of it, is coordinators/share/burials.ts's.
//
// As Apache Kafka 4.4: where a letter cannot be written (no such topic, not a topic for dead letters, a name without the broker's prefix) that is logged, and the record
// is given up all the same; a stop between writing and settling writes it again. A full disk is waited for, where Kafka gives up after five attempts.
import { batchHeaderBytes } from '../../../protocol/records/batch.ts'
import { BatchBuilder } from '../../../protocol/records/builder.ts'
import { type RecordHeader, readRecords } from '../../../protocol/records/record.ts'
import type { Clock } from '../../clock.ts'
import type { Settings } from '../../config.ts'
import type { SharePlace } from '../../coordinators/share/burials.ts'
import type { Run } from '../../coordinators/share/partition-state.ts'
import type { DeadLetterCounts } from '../../dead-letter-counts.ts'
import type { Engine } from '../../engine/engine.ts'
import { EngineError } from '../../engine/errors.ts'
import type { Partition } from '../../engine/partition.ts'
import type { Topic } from '../../engine/topics.ts'
import { shareDeadLetters } from './configs.ts'

interface DeadLetterParts {
  readonly engine: Engine
  readonly settings: Settings
  readonly clock: Clock
  readonly counts: DeadLetterCounts
  /** Told why a letter could not be written. */
  onError(error: unknown, groupId: string): void
}

interface Original {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** Bytes of originals read at a time. */
const readBytesMax = 1 << 20
/** What a record takes beside its key, value and headers, at most. */
const recordOverheadBytes = 32
const blank: Original = { key: null, value: null }

const causes = { rejected: 'Offset rejected by client.', spent: 'Offset delivery count exceeded the threshold.' } as const

/** Writes one letter for each record of the run. True: written, or there is no way to. False: the disk is full. */
export async function writeDeadLetters(parts: DeadLetterParts, place: SharePlace, run: Run): Promise<boolean> {
  const { engine, settings, onError } = parts
  const { groupId, topicId, partition: index } = place
  const source = engine.topics.byId(topicId)?.partitions[index]
  if (!source) return true
  const counts = parts.counts.of(groupId)
  // Counted before it is tried: what fails was to be written.
  counts.writes++
  try {
    const { topicName, copies } = shareDeadLetters(engine, settings, groupId)
    const topic = await deadLetterTopic(parts, groupId, topicName)
    const open = topic.partitions.filter(({ retired }) => !retired)
    const target = open[index % open.length]!
    for (let from = run.first; from <= run.last; ) {
      const originals = copies ? await readOriginals(engine, source, from, run.last) : null
      const letters = collect(topic, source, place, run, from, originals, parts.clock.now())
      await engine.append(target, letters.bytes, { trusted: false })
      counts.records += letters.next - from
      from = letters.next
      if (from <= run.last) counts.writes++
    }
  } catch (error) {
    counts.failedWrites++
    if (error instanceof EngineError && error.code === 'storage-full') return false
    onError(error, groupId)
  }
  return true
}

/** The group's topic for dead letters, made where it may be. Throws the reason why there is none. */
async function deadLetterTopic({ engine, settings }: DeadLetterParts, groupId: string, name: string): Promise<Topic> {
  const refuse = (reason: string): never => {
    throw new EngineError('config-invalid', `The dead letter topic '${name}' of share group ${groupId} ${reason}.`)
  }
  if (name === '') refuse('is not named')
  if (name.startsWith('__')) refuse("must not begin with '__'")
  const topic = engine.topics.get(name)
  if (topic && !topic.config.deadLetterQueueEnabled) refuse('does not have errors.deadletterqueue.group.enable=true')
  if (!topic && !settings.get('errors.deadletterqueue.auto.create.topics.enable')) {
    refuse('does not exist, and errors.deadletterqueue.auto.create.topics.enable is false')
  }
  const prefix = settings.get('errors.deadletterqueue.topic.name.prefix')
  if (!name.startsWith(prefix)) refuse(`does not begin with errors.deadletterqueue.topic.name.prefix '${prefix}'`)
  if (topic) return topic
  const configs = { 'errors.deadletterqueue.group.enable': 'true', 'message.timestamp.type': 'CreateTime' }
  // Another group may be making it.
  return engine.topics.create({ name, configs }).catch((error: unknown) => engine.topics.get(name) ?? Promise.reject(error))
}

/** Keys and values from an offset on, as far as one read goes; what the log no longer has is not among them. */
async function readOriginals(engine: Engine, partition: Partition, from: number, last: number) {
  const found = new Map<number, Original>()
  let end = from
  if (from >= partition.startOffset) {
    // What is damaged is told of without key and value.
    const options = { bytesMax: readBytesMax, committedOnly: false, intact: true }
    const [read] = await engine.read([{ partition, fromOffset: from, bytesMax: readBytesMax }], options)
    for (const buffer of read?.buffers ?? []) {
      for (const { offset, key, value } of readRecords(buffer)) {
        if (offset < from || offset > last) continue
        found.set(offset, { key, value })
        end = offset + 1
      }
    }
  }
  // Nothing to be read: told of without key and value, up to where the log begins.
  const unread = partition.startOffset > from ? partition.startOffset : last + 1
  return { found, end: end > from ? end : Math.min(unread, last + 1) }
}

/** One batch of letters, as many as its topic takes at once, and the first offset that is not among them. */
function collect(
  topic: Topic,
  source: Partition,
  { groupId }: SharePlace,
  run: Run,
  from: number,
  originals: Awaited<ReturnType<typeof readOriginals>> | null,
  nowMs: number,
): { bytes: Buffer; next: number } {
  const bytesMax = topic.config.maxMessageBytes
  const builder = new BatchBuilder()
  const end = originals?.end ?? run.last + 1
  let next = from
  for (; next < end; next++) {
    const headers = headersOf(groupId, source, run, next)
    let original = originals?.found.get(next) ?? blank
    // A record that its topic would not take is told of without key and value.
    if (batchHeaderBytes + bytesOf(original, headers) > bytesMax) original = blank
    if (builder.recordCount > 0 && builder.bytesSoFar + bytesOf(original, headers) > bytesMax) break
    builder.append(nowMs, original.key, original.value, headers)
  }
  return { bytes: builder.build(), next }
}

function bytesOf({ key, value }: Original, headers: readonly RecordHeader[]): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) bytes += 10 + header.key.length + (header.value?.length ?? 0)
  return bytes
}

function headersOf(groupId: string, { topic, index }: Partition, { state, deliveryCount }: Run, offset: number): RecordHeader[] {
  const facts = {
    topic: topic.name,
    partition: String(index),
    offset: String(offset),
    group: groupId,
    'delivery.count': String(deliveryCount),
    message: causes[state === 'rejected' ? 'rejected' : 'spent'],
  }
  return Object.entries(facts).map(([name, text]) => ({ key: `__dlq.errors.${name}`, value: Buffer.from(text) }))
}
