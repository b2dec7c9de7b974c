// AlterReplicaLogDirs (34), versions 0-2. v2: flexible. There is one data directory: a partition is where it shall be, or the directory does not exist.
//
// Where we differ from Apache Kafka 4.4: version 0, which it dropped, is served for old clients.

import { errorCode } from '../../../protocol/error-code.ts'
import { alterReplicaLogDirs } from '../../../protocol/messages/alter-replica-log-dirs.ts'
import { logDir } from '../admin/log-dir.ts'
import { handler } from '../context.ts'

interface Moved {
  partitionIndex: number
  errorCode: number
}

export const handleAlterReplicaLogDirs = handler(
  alterReplicaLogDirs,
  ({ dirs }, { engine, settings, respond }) => {
    const byTopic = new Map<string, Moved[]>()
    for (const { path, topics } of dirs) {
      for (const { name, partitions } of topics) {
        const moved = byTopic.get(name) ?? []
        byTopic.set(name, moved)
        for (const partitionIndex of partitions) {
          const known = engine.topics.get(name)?.partitions[partitionIndex]
          const unknown = known ? errorCode.NONE : errorCode.UNKNOWN_TOPIC_OR_PARTITION
          moved.push({ partitionIndex, errorCode: path === logDir(settings) ? unknown : errorCode.LOG_DIR_NOT_FOUND })
        }
      }
    }
    const results = [...byTopic].map(([topicName, partitions]) => ({ topicName, partitions }))
    return respond({ throttleTimeMs: 0, results }, results.flatMap(({ partitions }) => partitions).find((one) => one.errorCode !== 0)?.errorCode)
  },
  {
    refuse: ({ errorCode: code }, { dirs }) => ({
      throttleTimeMs: 0,
      results: dirs.flatMap(({ topics }) =>
        topics.map(({ name, partitions }) => ({
          topicName: name,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode: code })),
        })),
      ),
    }),
  },
)
