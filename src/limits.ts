// Bounds that are not settings, each with its reason. A bound that a user may want to move is a setting (config.ts).

/** Partitions of one topic: a guard against a slip of the keyboard, far above what one process serves well. */
export const partitionsPerTopicMax = 10_000
/** Kafka's own limit on a topic's name. */
export const topicNameCharsMax = 249
/** Producers whose last batches a partition remembers; the longest unused are forgotten first. Bounds memory and snapshots. */
export const producersPerPartitionMax = 10_000
/** Names of config resources that are not topics (groups, subscriptions) are parts of stored keys, and those are short. */
export const resourceNameBytesMax = 1_000
/** The names of a client quota's entity together, for the same reason. A user may be a certificate's whole distinguished name. */
export const quotaEntityBytesMax = 1_800
