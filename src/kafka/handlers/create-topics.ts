// CreateTopics (19), versions 0-7. v1: validateOnly, messages. v2: throttle time. v4: -1 for the broker's defaults. v5: flexible, what was created. v6: quota of changes.
// v7: topic ids.
// Every topic stands for itself: one refused does not keep the others from being created. Assignments may only name this broker.
//
// Where we differ from Apache Kafka 4.4: versions 0 and 1, which it dropped, are served for old clients; -1 for the defaults is taken at any version, as Kafka does;
// two names of one request that collide in metrics are not both created; a topic is in Metadata before the answer leaves.

import { errorCode } from '../../../protocol/error-code.ts'
import { createTopics } from '../../../protocol/messages/create-topics.ts'
import { zeroUuid } from '../../../protocol/reader.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { brokerDefaults } from '../../engine/broker-defaults.ts'
import type { Engine } from '../../engine/engine.ts'
import { partitionsPerTopicMax } from '../../limits.ts'
import { assignmentFault } from '../admin/assignments.ts'
import { sourceCode } from '../admin/resource.ts'
import { type TopicExplainer, topicExplainer } from '../admin/topic-resource.ts'
import { handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'

type Wanted = RequestOf<typeof createTopics>['topics'][number]
type Result = ResponseInput<typeof createTopics>['topics'][number]

/** From this version on a client over its quota of changes is refused; older ones are held (KIP-599). */
const strictSince = 6

const metadataLog = '__cluster_metadata'

export const handleCreateTopics = handler(
  createTopics,
  async ({ topics, validateOnly }, { version, engine, turns, mutations, respond }) => {
    const names = new Set<string>()
    const twice = new Set<string>()
    for (const { name } of topics) (names.has(name) ? twice : names).add(name)
    const explain = topicExplainer(brokerDefaults(engine.settings))
    const partitions = topics.reduce((sum, topic) => sum + Math.max(0, topic.assignments.length || topic.numPartitions), 0)
    const quota = (count: number): void => mutations.take(count, version >= strictSince)
    const results: Result[] = []
    for (const topic of topics) {
      if (twice.has(topic.name)) continue
      if (turns.over) await turns.next()
      results.push(await createOne(topic, { engine, validateOnly, explain, tooMany: partitions > partitionsPerTopicMax, quota }))
    }
    for (const name of twice) results.push(refused(name, errorCode.INVALID_REQUEST, 'Duplicate topic name.'))
    return respond({ throttleTimeMs: 0, topics: results }, results.find((result) => result.errorCode !== 0)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name }) => refused(name, code, errorMessage)),
    }),
  },
)

async function createOne(
  wanted: Wanted,
  how: { engine: Engine; validateOnly: boolean; explain: TopicExplainer; tooMany: boolean; quota: (partitions: number) => void },
): Promise<Result> {
  const { engine, validateOnly, explain, tooMany, quota } = how
  try {
    // Kafka bounds the partitions of a whole request.
    if (tooMany) throw new Refusal(errorCode.POLICY_VIOLATION, 'Excessively large number of partitions per request.')
    engine.topics.checkName(wanted.name)
    // Tools take it for the controller's own log.
    if (wanted.name === metadataLog) throw new Refusal(errorCode.INVALID_REQUEST, `Creation of internal topic ${metadataLog} is prohibited.`)
    const configs = configsOf(wanted)
    const count = partitionCount(wanted, engine.nodeId)
    if (!validateOnly) quota(count ?? engine.settings.get('num.partitions'))
    const spec = { name: wanted.name, configs, validateOnly, ...(count === null ? {} : { partitionCount: count }) }
    const topic = await engine.topics.create(spec)
    const told = explain(topic.overrides)
    return {
      name: topic.name,
      topicId: topic.id,
      errorCode: errorCode.NONE,
      errorMessage: null,
      numPartitions: topic.partitions.length,
      replicationFactor: 1,
      configs: told.map(({ name, value, readOnly, source, sensitive }) => ({
        name,
        value,
        readOnly,
        configSource: sourceCode[source],
        isSensitive: sensitive,
      })),
    }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return refused(wanted.name, known.errorCode, known.errorMessage)
  }
}

const refused = (name: string, code: number, message: string | null): Result => ({
  name,
  topicId: zeroUuid,
  errorCode: code,
  errorMessage: message,
  configs: [],
})

/** Of a name given twice the last value counts, as in Kafka. */
function configsOf({ configs }: Wanted): Record<string, string> {
  const empty = configs.filter(({ value }) => value === null).map(({ name }) => name)
  if (empty.length > 0) throw new Refusal(errorCode.INVALID_CONFIG, `Null value not supported for topic configs: ${empty.join(', ')}`)
  return Object.fromEntries(configs.map(({ name, value }) => [name, value ?? '']))
}

/** Null for the broker's default. */
function partitionCount({ numPartitions, replicationFactor, assignments }: Wanted, nodeId: number): number | null {
  if (assignments.length > 0) return assignedPartitions(numPartitions, replicationFactor, assignments, nodeId)
  if (replicationFactor < -1 || replicationFactor === 0) {
    throw new Refusal(errorCode.INVALID_REPLICATION_FACTOR, 'Replication factor must be larger than 0, or -1 to use the default value.')
  }
  if (numPartitions < -1 || numPartitions === 0) {
    throw new Refusal(errorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.')
  }
  if (replicationFactor > 1) {
    const reason = `The target replication factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.`
    throw new Refusal(errorCode.INVALID_REPLICATION_FACTOR, `Unable to replicate the partition ${replicationFactor} time(s): ${reason}`)
  }
  return numPartitions === -1 ? null : numPartitions
}

function assignedPartitions(count: number, factor: number, assignments: Wanted['assignments'], nodeId: number): number {
  const specified = 'A manual partition assignment was specified, but'
  if (factor !== -1) throw new Refusal(errorCode.INVALID_REQUEST, `${specified} replication factor was not set to -1.`)
  if (count !== -1) throw new Refusal(errorCode.INVALID_REQUEST, `${specified} numPartitions was not set to -1.`)
  const fault = (message: string): Refusal => new Refusal(errorCode.INVALID_REPLICA_ASSIGNMENT, message)
  const seen = new Set<number>()
  for (const { partitionIndex, brokerIds } of assignments) {
    if (seen.has(partitionIndex)) throw fault(`Found multiple manual partition assignments for partition ${partitionIndex}`)
    seen.add(partitionIndex)
    const wrong = assignmentFault(brokerIds, nodeId)
    if (wrong !== null) throw fault(wrong)
  }
  for (let index = 0; index < assignments.length; index++) {
    if (!seen.has(index)) throw fault('partitions should be a consecutive 0-based integer sequence')
  }
  return assignments.length
}
