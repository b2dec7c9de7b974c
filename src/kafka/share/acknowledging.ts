// Acknowledgements of acquired records, as ShareFetch and ShareAcknowledge both carry them: checked, handed to the share group, told in Kafka's codes.
import { errorCode } from '../../../protocol/error-code.ts'
import type { SharePartitionError } from '../../coordinators/share/partition-coordinator.ts'
import type { AcknowledgedRange, Acknowledgement } from '../../coordinators/share/partition-state.ts'
import type { ShareGroups } from '../../coordinators/share/share-groups.ts'
import type { Engine } from '../../engine/engine.ts'
import { findPartition } from '../partitions.ts'
import { type SharePartitionId, type ShareSession, sharePartitionKey } from './sessions.ts'

interface AcknowledgementBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  readonly acknowledgeTypes: readonly number[]
}

/** Topics of a request of either API. */
export interface AcknowledgedTopic {
  readonly topicId: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly acknowledgementBatches: readonly AcknowledgementBatch[] }[]
}

/** How the acknowledgements of one partition ended. */
export interface Acknowledged extends SharePartitionId {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** By Kafka's number. */
const types: readonly Acknowledgement[] = ['gap', 'accept', 'release', 'reject', 'renew']
const renewType = 4

const faults: { readonly [E in SharePartitionError]: readonly [code: number, message: string | null] } = {
  NONE: [errorCode.NONE, null],
  'not-in-flight': [errorCode.INVALID_RECORD_STATE, 'Batch record not found. The request batch offsets are not found in the cache.'],
  'past-first': [errorCode.INVALID_REQUEST, 'Batch record not found. The first offset in request is past acquired records.'],
  'past-last': [errorCode.INVALID_REQUEST, 'Batch record not found. The last offset in request is past acquired records.'],
  'not-acquired': [errorCode.INVALID_RECORD_STATE, 'The batch cannot be acknowledged. The batch is not in the acquired state.'],
  'not-owner': [errorCode.INVALID_RECORD_STATE, 'Member is not the owner of batch record'],
  'renew-disabled': [errorCode.INVALID_RECORD_STATE, 'Renewing acquisition locks is not enabled for the group.'],
  'not-begun': [errorCode.UNKNOWN_TOPIC_OR_PARTITION, null],
  overloaded: [errorCode.REQUEST_TIMED_OUT, null],
  'not-stored': [errorCode.KAFKA_STORAGE_ERROR, null],
  closing: [errorCode.NOT_LEADER_OR_FOLLOWER, null],
}

export const shareCodeOf = (error: SharePartitionError): number => faults[error][0]

/** Settles what a request says of records; one result for each partition that it says something of. Each partition's is done whole or not at all. */
export function acknowledgeAll(
  { engine, shareGroups }: { readonly engine: Engine; readonly shareGroups: ShareGroups },
  session: ShareSession,
  topics: readonly AcknowledgedTopic[],
  mayRenew: boolean,
): Promise<Acknowledged[]> {
  const asked = topics.flatMap(({ topicId, partitions }) =>
    partitions
      .filter(({ acknowledgementBatches }) => acknowledgementBatches.length > 0)
      .map(async ({ partitionIndex: index, acknowledgementBatches }): Promise<Acknowledged> => {
        const partition = findPartition(engine, true, topicId, index)
        if (typeof partition === 'number') return { topicId, index, errorCode: partition, errorMessage: null }
        const ranges = rangesOf(acknowledgementBatches, mayRenew)
        if (!ranges) return { topicId, index, errorCode: errorCode.INVALID_REQUEST, errorMessage: null }
        const { error } = await shareGroups.ask(session.groupId, topicId, index, { verb: 'acknowledge', owner: session.memberId, ranges })
        const [code, errorMessage] = faults[error]
        return { topicId, index, errorCode: code, errorMessage }
      }),
  )
  return Promise.all(asked)
}

/** Null where they contradict themselves: out of order, types missing or unknown. An offset named twice is found out when it is settled, as in Kafka. */
function rangesOf(batches: readonly AcknowledgementBatch[], mayRenew: boolean): AcknowledgedRange[] | null {
  const ranges: AcknowledgedRange[] = []
  let end = -1
  for (const { firstOffset: first, lastOffset: last, acknowledgeTypes } of batches) {
    if (first > last || first < end || acknowledgeTypes.length === 0) return null
    if (acknowledgeTypes.length > 1 && acknowledgeTypes.length !== last - first + 1) return null
    const named: Acknowledgement[] = []
    for (const number of acknowledgeTypes) {
      const type = types[number]
      if (!type || (number === renewType && !mayRenew)) return null
      named.push(type)
    }
    ranges.push({ first, last, types: named })
    end = last
  }
  return ranges
}

/** Gives back everything that the session's member may hold. */
export async function releaseSession(shareGroups: ShareGroups, session: ShareSession): Promise<void> {
  const partitions = [...session.touched.values()]
  session.touched.clear()
  const { groupId, memberId } = session
  await Promise.all(partitions.map(({ topicId, index }) => shareGroups.ask(groupId, topicId, index, { verb: 'release', owner: memberId })))
}

/** The results by partition, for an answer that tells of other things too. */
export const byPartition = (results: readonly Acknowledged[]): Map<string, Acknowledged> =>
  new Map(results.map((one) => [sharePartitionKey(one), one]))
