// Settings of groups, their offsets, transactions and producers. Kafka's names and, but for one, Kafka's defaults.
import { boolean, int, intMax, list, long, oneOf, string, stringOrNull } from './declare.ts'

export const groupSettings = {
  // Kafka waits 3000 ms for more members before a new group's first rebalance. On one machine, in tests above all, that is three seconds of nothing: a second member that
  // comes later costs one more rebalance of a few milliseconds. Kafka's own container images set 0 as well.
  'group.initial.rebalance.delay.ms': int({
    default: 0,
    min: 0,
    meaning: 'How long a new group waits for more members before its first rebalance. Kafka: 3000; here 0, so that a consumer starts at once.',
  }),
  'group.min.session.timeout.ms': int({
    default: 6000,
    min: 1,
    meaning: 'The shortest session timeout that a member of a classic group may ask for.',
  }),
  'group.max.session.timeout.ms': int({
    default: 1800000,
    min: 1,
    meaning: 'The longest session timeout that a member of a classic group may ask for.',
  }),
  'group.max.size': int({ default: intMax, min: 1, meaning: 'Members that one classic group may have.' }),
  'group.coordinator.rebalance.protocols': list({
    default: 'classic,consumer,streams',
    words: ['classic', 'consumer', 'streams', 'share'],
    needs: 'classic',
    meaning:
      'The group protocols that are on: without consumer or streams, requests of that kind of group get UNSUPPORTED_VERSION. Share groups are always on, as in Kafka 4.4.',
  }),
  'group.consumer.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'Session timeout of a consumer group (KIP-848).' }),
  'group.consumer.min.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.consumer.max.session.timeout.ms': int({ default: 60000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.consumer.heartbeat.interval.ms': int({
    default: 5000,
    min: 1,
    meaning: 'How often a consumer group’s member is told to heartbeat.',
  }),
  'group.consumer.min.heartbeat.interval.ms': int({ default: 5000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.consumer.max.heartbeat.interval.ms': int({ default: 15000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.consumer.max.size': int({ default: intMax, min: 1, meaning: 'Members that one consumer group may have.' }),
  'group.consumer.assignors': list({ default: 'uniform,range', meaning: 'Server-side assignors, the first is the default.' }),
  'group.consumer.migration.policy': oneOf(['bidirectional', 'upgrade', 'downgrade', 'disabled'], {
    default: 'bidirectional',
    meaning: 'Whether a group may change between the classic and the consumer protocol while it runs.',
  }),
  'group.consumer.assignment.interval.ms': int({
    default: 0,
    min: 0,
    dynamic: true,
    meaning:
      'The least time between two assignments of a consumer group. Kafka: 1000; here 0, so that a member that joins gets its partitions at once; a large group waits a millisecond for every 32 of its members and partitions.',
  }),
  'group.consumer.min.assignment.interval.ms': int({ default: 0, min: 0, meaning: 'The shortest that a group may set it to.' }),
  'group.consumer.max.assignment.interval.ms': int({ default: 15000, min: 0, meaning: 'The longest that a group may set it to.' }),
  'group.share.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'Session timeout of a share group (KIP-932).' }),
  'group.share.min.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.share.max.session.timeout.ms': int({ default: 60000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.share.heartbeat.interval.ms': int({ default: 5000, min: 1, meaning: 'How often a share group’s member is told to heartbeat.' }),
  'group.share.min.heartbeat.interval.ms': int({ default: 5000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.share.max.heartbeat.interval.ms': int({ default: 15000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.share.assignment.interval.ms': int({
    default: 0,
    min: 0,
    dynamic: true,
    meaning: 'The least time between two assignments of a share group. Kafka: 1000; here 0, so that a member that joins gets its partitions at once.',
  }),
  'group.share.min.assignment.interval.ms': int({ default: 0, min: 0, meaning: 'The shortest that a group may set it to.' }),
  'group.share.max.assignment.interval.ms': int({ default: 15000, min: 0, meaning: 'The longest that a group may set it to.' }),
  'group.share.max.size': int({ default: 200, min: 1, max: 1000, meaning: 'Members that one share group may have.' }),
  'group.share.max.share.sessions': int({ default: 2000, min: 1, meaning: 'Share sessions kept at a time.' }),
  'group.share.delivery.count.limit': int({
    default: 5,
    min: 2,
    max: 25,
    meaning: 'How often a share group may be handed one record before it is given up.',
  }),
  'group.share.min.delivery.count.limit': int({ default: 2, min: 2, max: 5, meaning: 'The lowest that a group may set it to.' }),
  'group.share.max.delivery.count.limit': int({ default: 10, min: 5, max: 25, meaning: 'The highest that a group may set it to.' }),
  'group.share.record.lock.duration.ms': int({
    default: 30000,
    min: 1000,
    max: 3600000,
    meaning: 'How long a record that a share group was handed stays locked.',
  }),
  'group.share.min.record.lock.duration.ms': int({
    default: 15000,
    min: 1000,
    max: 30000,
    meaning: 'The shortest that a group may set it to.',
  }),
  'group.share.max.record.lock.duration.ms': int({
    default: 60000,
    min: 30000,
    max: 3600000,
    meaning: 'The longest that a group may set it to.',
  }),
  'group.share.partition.max.record.locks': int({
    default: 2000,
    min: 100,
    max: 10000,
    meaning: 'Records of one partition that a share group may have locked at a time.',
  }),
  'group.share.min.partition.max.record.locks': int({
    default: 100,
    min: 100,
    max: 2000,
    meaning: 'The lowest that a group may set it to.',
  }),
  'group.share.max.partition.max.record.locks': int({
    default: 4000,
    min: 2000,
    max: 20000,
    meaning: 'The highest that a group may set it to.',
  }),
  'group.share.assignors': list({ default: 'simple', inert: true, meaning: 'Assignors of share groups; there is this one.' }),
  'errors.deadletterqueue.auto.create.topics.enable': boolean({
    default: false,
    dynamic: true,
    meaning: 'The topic that a share group names for its dead letters (errors.deadletterqueue.topic.name) is made when the first one comes.',
  }),
  'errors.deadletterqueue.topic.name.prefix': string({
    default: 'dlq.',
    dynamic: true,
    meaning: 'What the names of topics for dead letters must begin with; empty for anything.',
  }),
  'group.streams.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'Session timeout of a streams group (KIP-1071).' }),
  'group.streams.min.session.timeout.ms': int({ default: 45000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.streams.max.session.timeout.ms': int({ default: 60000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.streams.heartbeat.interval.ms': int({
    default: 5000,
    min: 1,
    meaning: 'How often a streams group’s member is told to heartbeat.',
  }),
  'group.streams.min.heartbeat.interval.ms': int({ default: 5000, min: 1, meaning: 'The shortest that a group may set it to.' }),
  'group.streams.max.heartbeat.interval.ms': int({ default: 15000, min: 1, meaning: 'The longest that a group may set it to.' }),
  'group.streams.max.size': int({ default: intMax, min: 1, meaning: 'Members that one streams group may have.' }),
  'group.streams.num.standby.replicas': int({ default: 0, min: 0, meaning: 'Standby tasks of each task of a streams group.' }),
  'group.streams.max.standby.replicas': int({ default: 2, min: 0, meaning: 'The most that a group may set it to.' }),
  'group.streams.initial.rebalance.delay.ms': int({
    default: 0,
    min: 0,
    meaning: 'As group.initial.rebalance.delay.ms, for streams groups. Kafka: 3000.',
  }),
  'group.streams.assignment.interval.ms': int({
    default: 0,
    min: 0,
    dynamic: true,
    meaning: 'The least time between two assignments of a streams group. Kafka: 1000; here 0, so that a member that joins gets its tasks at once.',
  }),
  'group.streams.min.assignment.interval.ms': int({ default: 0, min: 0, meaning: 'The shortest that a group may set it to.' }),
  'group.streams.max.assignment.interval.ms': int({ default: 15000, min: 0, meaning: 'The longest that a group may set it to.' }),
  'group.streams.rack.aware.assignment.tags': list({
    default: '',
    meaning:
      'Client tags that the members of streams groups must have; a member without one is told so. As in Kafka 4.4, standby tasks do not follow them yet.',
  }),
  'group.streams.topology.description.plugin.class': stringOrNull({
    type: 'class',
    pattern: /^builtin$/,
    shape: 'builtin, or left out',
    meaning:
      'builtin: members of streams groups are asked to describe their topology (KIP-1331), which is kept with the group and told to who describes it. Kafka: the class of a plugin.',
  }),
  'group.coordinator.threads': int({ default: 4, min: 1, inert: true, meaning: 'Threads of Kafka’s group coordinator.' }),
  'group.coordinator.append.linger.ms': int({
    default: -1,
    inert: true,
    meaning: 'How long Kafka’s coordinator gathers writes; here one commit serves all that waited.',
  }),
  'group.coordinator.cached.buffer.max.bytes': int({ default: 1048588, dynamic: true, inert: true, meaning: 'Memory of Kafka’s group coordinator.' }),
  'offsets.retention.minutes': int({ default: 10080, min: 1, meaning: 'How long committed offsets outlive their group’s last member.' }),
  'offsets.retention.check.interval.ms': long({ default: 600000, min: 1, meaning: 'How often expired offsets are looked for.' }),
  'offsets.commit.timeout.ms': int({
    default: 5000,
    min: 1,
    inert: true,
    meaning: 'How long Kafka waits for its replicas when offsets are committed.',
  }),
  'transaction.max.timeout.ms': int({ default: 900000, min: 1, meaning: 'The longest transaction timeout that a producer may ask for.' }),
  'transactional.id.expiration.ms': int({ default: 604800000, min: 1, meaning: 'How long an unused transactional id is remembered.' }),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int({
    default: 10000,
    min: 1,
    inert: true,
    meaning: 'How often Kafka looks for transactions past their timeout; here each has a timer of its own.',
  }),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int({
    default: 3600000,
    min: 1,
    inert: true,
    meaning: 'How often Kafka looks for expired transactional ids; here each has a timer of its own.',
  }),
  'transaction.partition.verification.enable': boolean({
    default: true,
    dynamic: true,
    meaning:
      'A transactional produce is checked against the coordinator’s list of partitions (KIP-890). False lets those of older clients (Produce below 12) through unchecked; ' +
      'what they write outside their transaction’s partitions stays open until it is aborted with kafka-transactions.sh. Offsets in transactions are always checked.',
  }),
  'transaction.two.phase.commit.enable': boolean({
    default: false,
    inert: true,
    meaning: 'Prepared transactions (KIP-939), which Kafka 4.4 does not finish either.',
  }),
  'add.partitions.to.txn.retry.backoff.ms': int({ default: 20, inert: true, meaning: 'Kafka’s wait inside one broker for another.' }),
  'add.partitions.to.txn.retry.backoff.max.ms': int({ default: 100, inert: true, meaning: 'Kafka’s wait inside one broker for another.' }),
  'producer.id.expiration.ms': int({
    default: 86400000,
    min: 1,
    dynamic: true,
    meaning: 'How long an idle producer’s sequence numbers are remembered.',
  }),
  'max.incremental.fetch.session.cache.slots': int({ default: 1000, min: 0, meaning: 'Fetch sessions (KIP-227) kept at a time.' }),
  'quota.window.num': int({ default: 11, min: 1, meaning: 'Samples over which a client’s rate is taken.' }),
  'quota.window.size.seconds': int({ default: 1, min: 1, meaning: 'Length of one such sample.' }),
  'controller.quota.window.num': int({ default: 11, min: 1, meaning: 'Samples over which the rate of topic changes is taken.' }),
  'controller.quota.window.size.seconds': int({ default: 1, min: 1, meaning: 'Length of one such sample.' }),
  'client.quota.callback.class': stringOrNull({ type: 'class', inert: true, meaning: 'A Java class; there is no JVM here.' }),
  // librdkafka says so on its error stream, once for each client, where a broker that asks for metrics has no subscription for it.
  'telemetry.enable': boolean({
    default: false,
    meaning:
      'Clients are told that they can push their metrics (KIP-714), for /metrics; resources of kind client-metrics say which, as kafka-client-metrics sets them. Kafka: on with a plugin that takes them (metric.reporters).',
  }),
  'telemetry.max.bytes': int({ default: 1048576, min: 1, meaning: 'The largest client telemetry push (KIP-714).' }),
  'leader.imbalance.check.interval.seconds': long({ default: 300, inert: true, meaning: 'How often leadership is looked at; one node leads all.' }),
}
