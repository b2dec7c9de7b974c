// Making a stream: a topic with one partition per shard, which Kafka clients see at once. A stream keeps records for 24 hours unless told otherwise, as AWS does;
// Kafka's week is the default of topics that Kafka clients create. What a request may ask for is CreateStream's business.
import type { Engine } from '../engine/engine.ts'
import { messageBytesOf } from './describe.ts'
import type { Services } from './operation.ts'
import { type AwsFacts, newFacts } from './stream-facts.ts'

const retentionMs = 24 * 3_600_000
const recordKibDefault = 1024

/** What kinesis.initialize.streams looks like: names with their numbers of shards. */
const wantedStream = /([^,:\s]+):(\d+)/g

export async function makeStream(
  engine: Engine,
  { name, shards, recordKib = recordKibDefault, facts }: { name: string; shards: number; recordKib?: number | undefined; facts: Partial<AwsFacts> },
): Promise<void> {
  await engine.topics.create({
    name,
    partitionCount: shards,
    configs: { 'retention.ms': String(retentionMs), 'max.message.bytes': String(messageBytesOf(recordKib)) },
    createdByAws: true,
    aws: newFacts(facts),
  })
}

/** Makes the streams that kinesis.initialize.streams names, where there is none of the name yet: they are ACTIVE before anybody can ask. */
export async function makeInitialStreams({ engine, settings }: Services): Promise<void> {
  for (const [, name, shards] of settings.get('kinesis.initialize.streams').matchAll(wantedStream)) {
    if (!engine.topics.get(name!)) await makeStream(engine, { name: name!, shards: Number(shards), facts: {} })
  }
}
