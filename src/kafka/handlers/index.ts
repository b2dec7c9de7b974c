// THE list of Kafka APIs that are served. Dispatch, the answer to ApiVersions, metric labels and the README's table all come from it.
// One line for each file beside this one; test/kafka/handlers.test.ts fails on a file that is not listed.

import type { Handler } from '../context.ts'
import { handleAlterConfigs } from './alter-configs.ts'
import { handleApiVersions } from './api-versions.ts'
import { handleCreatePartitions } from './create-partitions.ts'
import { handleCreateTopics } from './create-topics.ts'
import { handleDeleteRecords } from './delete-records.ts'
import { handleDeleteTopics } from './delete-topics.ts'
import { handleDescribeCluster } from './describe-cluster.ts'
import { handleDescribeConfigs } from './describe-configs.ts'
import { handleDescribeTopicPartitions } from './describe-topic-partitions.ts'
import { handleIncrementalAlterConfigs } from './incremental-alter-configs.ts'

export const handlers: readonly Handler[] = [
  handleApiVersions,
  handleAlterConfigs,
  handleCreatePartitions,
  handleCreateTopics,
  handleDeleteRecords,
  handleDeleteTopics,
  handleDescribeCluster,
  handleDescribeConfigs,
  handleDescribeTopicPartitions,
  handleIncrementalAlterConfigs,
]
