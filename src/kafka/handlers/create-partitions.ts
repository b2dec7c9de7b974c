// CreatePartitions (37), versions 0-3. v2: flexible. v3: like v2, may be throttled. A topic can only grow; as a stream, its widest shards are split.
//
// As Apache Kafka 4.4, with no known difference.

import { errorCode } from '../../../protocol/error-code.ts'
import { createPartitions } from '../../../protocol/messages/create-partitions.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import type { Engine } from '../../engine/engine.ts'
import { partitionsPerTopicMax } from '../../limits.ts'
import { assignmentFault } from '../admin/assignments.ts'
import { handler, Refusal } from '../context.ts'
import { refusedBy } from '../error-map.ts'

type Wanted = RequestOf<typeof createPartitions>['topics'][number]
type Result = ResponseInput<typeof createPartitions>['results'][number]

/** From this version on a client over its quota of changes is refused; older ones are held (KIP-599). */
const strictSince = 3

export const handleCreatePartitions = handler(
  createPartitions,
  async ({ topics, validateOnly }, { version, engine, mutations, respond }) => {
    const quota = (count: number): void => mutations.take(count, version >= strictSince)
    const names = topics.map(({ name }) => name)
    const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
    const results: Result[] = [...twice].map((name) => ({ name, errorCode: errorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' }))
    for (const topic of topics) if (!twice.has(topic.name)) results.push(await grow(topic, engine, validateOnly, quota))
    return respond({ throttleTimeMs: 0, results }, results.find((result) => result.errorCode !== 0)?.errorCode)
  },
  {
    refuse: ({ errorCode: code, errorMessage }, { topics }) => ({
      throttleTimeMs: 0,
      results: topics.map(({ name }) => ({ name, errorCode: code, errorMessage })),
    }),
  },
)

async function grow(wanted: Wanted, engine: Engine, validateOnly: boolean, quota: (partitions: number) => void): Promise<Result> {
  const { name, count } = wanted
  try {
    const topic = engine.topics.get(name)
    if (!topic) return { name, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
    const additional = count - topic.partitions.length
    if (additional > partitionsPerTopicMax) {
      throw new Refusal(errorCode.POLICY_VIOLATION, 'Excessively large number of additional partitions per request.')
    }
    if (additional > 0) checkAssignments(wanted, additional, engine.nodeId)
    if (additional > 0 && !validateOnly) quota(additional)
    await engine.topics.addPartitions(name, count, validateOnly)
    return { name, errorCode: errorCode.NONE, errorMessage: null }
  } catch (error) {
    const known = refusedBy(error)
    if (!known) throw error
    return { name, errorCode: known.errorCode, errorMessage: known.errorMessage }
  }
}

function checkAssignments({ assignments }: Wanted, additional: number, nodeId: number): void {
  if (assignments === null) return
  const refuse = (message: string): never => {
    throw new Refusal(errorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  if (assignments.length !== additional) {
    refuse(`Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`)
  }
  for (const { brokerIds } of assignments) {
    const fault = assignmentFault(brokerIds, nodeId)
    if (fault !== null) refuse(fault)
  }
}
