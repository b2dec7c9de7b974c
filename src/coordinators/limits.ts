// Bounds of the coordinators that are not settings, each with its reason.

/** Events that may wait for one key. Above it the client is told to try again: a queue that long means that the disk has stalled. */
export const queuedEventsMax = 20_000
/** Groups in memory. Each costs about a kilobyte; a client that makes up group ids must not be able to take more than a bounded part of it. */
export const groupsMax = 200_000
/** Member ids given out to one group and not used yet. They cost a timer each and end with their session timeout. */
export const pendingMembersMax = 10_000
/** Group ids are parts of stored keys, and those are short. Kafka's own tools stay below 249 characters. */
export const groupIdBytesMax = 1_000
/** Transactional ids are, too. Kafka Streams' are an application's id and a UUID or a task. */
export const transactionalIdBytesMax = 1_000
/** Member ids that clients make themselves stand beside their group's in stored keys. KIP-848 asks for UUIDs. */
export const memberIdBytesMax = 255
/** How much of a client id or instance id goes into a generated member id, which is a part of stored keys. */
export const memberIdPrefixCharsMax = 255
/** Events of one key that are decided together and stored in one batch: enough to spare commits, too few to hold up other keys for long. */
export const batchedEventsMax = 16
/** How long to wait before storing again what the store had no room for, in milliseconds. */
export const storeRetryMs = 1_000
/** Records of one queue and partition that may be out for delivery or wait for another. All of their states are stored with each delivery: tens of kilobytes at most. */
export const queueInFlightMax = 10_000
/** Dead letters of one queue and partition, which are kept in memory, a hundred bytes each. Above it the queue hands out nothing new until some are settled. */
export const queueDeadLettersMax = 100_000
