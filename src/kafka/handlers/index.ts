// THE list of Kafka APIs that are served. Dispatch, the answer to ApiVersions, metric labels and the README's table all come from it.
// One line for each file beside this one; test/kafka/handlers.test.ts fails on a file that is not listed.

import type { Handler } from '../context.ts'
import { handleAddOffsetsToTxn } from './add-offsets-to-txn.ts'
import { handleAddPartitionsToTxn } from './add-partitions-to-txn.ts'
import { handleAddRaftVoter } from './add-raft-voter.ts'
import { handleAlterClientQuotas } from './alter-client-quotas.ts'
import { handleAlterConfigs } from './alter-configs.ts'
import { handleAlterPartitionReassignments } from './alter-partition-reassignments.ts'
import { handleAlterReplicaLogDirs } from './alter-replica-log-dirs.ts'
import { handleAlterShareGroupOffsets } from './alter-share-group-offsets.ts'
import { handleApiVersions } from './api-versions.ts'
import { handleConsumerGroupDescribe } from './consumer-group-describe.ts'
import { handleConsumerGroupHeartbeat } from './consumer-group-heartbeat.ts'
import { handleCreatePartitions } from './create-partitions.ts'
import { handleCreateTopics } from './create-topics.ts'
import { handleDeleteGroups } from './delete-groups.ts'
import { handleDeleteRecords } from './delete-records.ts'
import { handleDeleteShareGroupOffsets } from './delete-share-group-offsets.ts'
import { handleDeleteTopics } from './delete-topics.ts'
import { handleDescribeClientQuotas } from './describe-client-quotas.ts'
import { handleDescribeCluster } from './describe-cluster.ts'
import { handleDescribeConfigs } from './describe-configs.ts'
import { handleDescribeGroups } from './describe-groups.ts'
import { handleDescribeLogDirs } from './describe-log-dirs.ts'
import { handleDescribeProducers } from './describe-producers.ts'
import { handleDescribeQuorum } from './describe-quorum.ts'
import { handleDescribeShareGroupOffsets } from './describe-share-group-offsets.ts'
import { handleDescribeTopicPartitions } from './describe-topic-partitions.ts'
import { handleDescribeTransactions } from './describe-transactions.ts'
import { handleElectLeaders } from './elect-leaders.ts'
import { handleEndTxn } from './end-txn.ts'
import { handleFetch } from './fetch.ts'
import { handleFindCoordinator } from './find-coordinator.ts'
import { handleGetTelemetrySubscriptions } from './get-telemetry-subscriptions.ts'
import { handleHeartbeat } from './heartbeat.ts'
import { handleIncrementalAlterConfigs } from './incremental-alter-configs.ts'
import { handleInitProducerId } from './init-producer-id.ts'
import { handleJoinGroup } from './join-group.ts'
import { handleLeaveGroup } from './leave-group.ts'
import { handleListConfigResources } from './list-config-resources.ts'
import { handleListGroups } from './list-groups.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleListPartitionReassignments } from './list-partition-reassignments.ts'
import { handleListTransactions } from './list-transactions.ts'
import { handleMetadata } from './metadata.ts'
import { handleOffsetCommit } from './offset-commit.ts'
import { handleOffsetDelete } from './offset-delete.ts'
import { handleOffsetFetch } from './offset-fetch.ts'
import { handleOffsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { handleProduce } from './produce.ts'
import { handlePushTelemetry } from './push-telemetry.ts'
import { handleRemoveRaftVoter } from './remove-raft-voter.ts'
import { handleShareAcknowledge } from './share-acknowledge.ts'
import { handleShareFetch } from './share-fetch.ts'
import { handleShareGroupDescribe } from './share-group-describe.ts'
import { handleShareGroupHeartbeat } from './share-group-heartbeat.ts'
import { handleStreamsGroupDescribe } from './streams-group-describe.ts'
import { handleStreamsGroupHeartbeat } from './streams-group-heartbeat.ts'
import { handleStreamsGroupTopologyDescriptionUpdate } from './streams-group-topology-description-update.ts'
import { handleSyncGroup } from './sync-group.ts'
import { handleTxnOffsetCommit } from './txn-offset-commit.ts'
import { handleUnregisterBroker } from './unregister-broker.ts'
import { handleUnregisterController } from './unregister-controller.ts'
import { handleUpdateFeatures } from './update-features.ts'
import { handleWriteTxnMarkers } from './write-txn-markers.ts'

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
  handleDeleteGroups,
  handleDescribeGroups,
  handleConsumerGroupHeartbeat,
  handleConsumerGroupDescribe,
  handleFindCoordinator,
  handleHeartbeat,
  handleJoinGroup,
  handleLeaveGroup,
  handleListGroups,
  handleOffsetCommit,
  handleOffsetDelete,
  handleOffsetFetch,
  handleSyncGroup,
  handleStreamsGroupDescribe,
  handleStreamsGroupHeartbeat,
  handleStreamsGroupTopologyDescriptionUpdate,
  handleFetch,
  handleInitProducerId,
  handleListOffsets,
  handleMetadata,
  handleOffsetForLeaderEpoch,
  handleProduce,
  handleListConfigResources,
  handleDescribeLogDirs,
  handleAlterReplicaLogDirs,
  handleElectLeaders,
  handleAlterPartitionReassignments,
  handleListPartitionReassignments,
  handleDescribeQuorum,
  handleUnregisterBroker,
  handleUnregisterController,
  handleAddRaftVoter,
  handleRemoveRaftVoter,
  handleDescribeClientQuotas,
  handleAlterClientQuotas,
  handleGetTelemetrySubscriptions,
  handlePushTelemetry,
  handleAddOffsetsToTxn,
  handleAddPartitionsToTxn,
  handleDescribeProducers,
  handleDescribeTransactions,
  handleEndTxn,
  handleListTransactions,
  handleTxnOffsetCommit,
  handleWriteTxnMarkers,
  handleUpdateFeatures,
  handleShareAcknowledge,
  handleShareFetch,
  handleShareGroupDescribe,
  handleShareGroupHeartbeat,
  handleAlterShareGroupOffsets,
  handleDeleteShareGroupOffsets,
  handleDescribeShareGroupOffsets,
]
