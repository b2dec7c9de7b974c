// DescribeLogDirs (35), versions 0-5. v2: flexible. v3: top-level error. v4: bytes of the file system. v5: cordoned directories.
// One data directory holds everything. Partitions that are not there are left out.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, is served for old clients. A partition's size is the bytes of its record batches; Kafka adds
// nothing for indexes either. With --memory the directory is called "memory" and its file system has -1 bytes.

import { errorCode } from '../../../protocol/error-code.ts'
import { describeLogDirs } from '../../../protocol/messages/describe-log-dirs.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Partition } from '../../engine/partition.ts'
import { logDir, logDirSpace } from '../admin/log-dir.ts'
import { handler } from '../context.ts'

export const handleDescribeLogDirs = handler(describeLogDirs, async ({ topics: wanted }, { engine, settings, respond }) => {
  const asked = wanted === null ? engine.topics.all().map(({ name }) => ({ topic: name, partitions: null })) : wanted
  const topics = await Promise.all(asked.map(({ topic, partitions }) => describeTopic(topic, partitions, engine)))
  const result = { errorCode: errorCode.NONE, logDir: logDir(settings), topics: topics.filter((topic) => topic !== null) }
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, results: [{ ...result, ...(await logDirSpace(settings)), isCordoned: false }] })
})

/** Null for a topic of which nothing is here. */
async function describeTopic(name: string, indexes: readonly number[] | null, engine: Engine) {
  const topic = engine.topics.get(name)
  if (!topic) return null
  const partitions = topic.partitions.filter(({ index }) => indexes === null || indexes.includes(index))
  if (partitions.length === 0) return null
  return { name, partitions: await Promise.all(partitions.map((partition) => describe(partition, engine))) }
}

async function describe(partition: Partition, engine: Engine) {
  // Opening loads producers too, which nobody asked for.
  const { bytes } = partition.opened ? partition : await engine.store.log.bounds(partition.uid)
  return { partitionIndex: partition.index, partitionSize: bytes, offsetLag: 0, isFutureKey: false }
}
