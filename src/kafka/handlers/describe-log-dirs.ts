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
import { answerInTurns } from '../answer-in-turns.ts'
import { handler } from '../context.ts'

const topicsField = describeLogDirs.response.fields.results.element.fields.topics

export const handleDescribeLogDirs = handler(describeLogDirs, async ({ topics: wanted }, context) => {
  const { engine, settings, respond } = context
  const asked = wanted === null ? engine.topics.all().map(({ name }) => ({ topic: name, partitions: null })) : wanted
  const here = asked.flatMap(({ topic: name, partitions }) => {
    const indexes = partitions === null ? null : new Set(partitions)
    const found = engine.topics.get(name)?.partitions.filter(({ index }) => indexes === null || indexes.has(index)) ?? []
    // A topic of which nothing is here is not told of.
    return found.length === 0 ? [] : [{ name, partitions: found }]
  })
  const topics = await answerInTurns(describeLogDirs, topicsField, here, context, async ({ name, partitions }) => ({
    name,
    partitions: await Promise.all(partitions.map((partition) => describe(partition, engine))),
  }))
  const result = { errorCode: errorCode.NONE, logDir: logDir(settings), topics: topics.items }
  return respond({ throttleTimeMs: 0, errorCode: errorCode.NONE, results: [{ ...result, ...(await logDirSpace(settings)), isCordoned: false }] })
})

async function describe(partition: Partition, engine: Engine) {
  // Opening loads producers too, which nobody asked for.
  const { bytes } = partition.opened ? partition : await engine.store.log.bounds(partition.uid)
  return { partitionIndex: partition.index, partitionSize: bytes, offsetLag: 0, isFutureKey: false }
}
