// DeleteRecords (21), versions 0-2. v2: flexible. Records before an offset go; -1 means up to the high watermark. The answer carries where the log starts now.
//
// A topic that is only compacted is refused with POLICY_VIOLATION. Of a partition that is named twice the last word counts.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { deleteRecords } from '../../../protocol/messages/delete-records.ts'
import type { Engine } from '../../engine/engine.ts'
import { handler } from '../context.ts'
import { refusedBy } from '../error-map.ts'

const unknownOffset = -1

export const handleDeleteRecords = handler(
  deleteRecords,
  async (request, { engine, respond }) => {
    const topics = await Promise.all(
      request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all([...lastWords(partitions)].map(([partitionIndex, offset]) => deleteFrom(name, partitionIndex, offset, engine))),
      })),
    )
    const first = topics.flatMap(({ partitions }) => partitions).find((partition) => partition.errorCode !== 0)
    return respond({ throttleTimeMs: 0, topics }, first?.errorCode)
  },
  {
    refuse: ({ errorCode: code }, request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: unknownOffset, errorCode: code })),
      })),
    }),
  },
)

const lastWords = (partitions: readonly { partitionIndex: number; offset: number }[]): Map<number, number> =>
  new Map(partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]))

async function deleteFrom(name: string, partitionIndex: number, offset: number, engine: Engine) {
  const no = (code: number) => ({ partitionIndex, lowWatermark: unknownOffset, errorCode: code })
  const topic = engine.topics.get(name)
  const partition = topic?.partitions[partitionIndex]
  if (!topic || !partition) return no(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (!topic.config.cleanupPolicy.delete && topic.config.cleanupPolicy.compact) return no(errorCode.POLICY_VIOLATION)
  try {
    return { partitionIndex, lowWatermark: await engine.deleteRecords(partition, offset), errorCode: errorCode.NONE }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return no(known.errorCode)
  }
}
