// OffsetForLeaderEpoch (23), versions 0-4. v1: leader epoch in the answer. v2: the client's current leader epoch, throttle time (KIP-320). v3: replica id. v4: flexible.
//
// One node leads every partition from its beginning, in one epoch: that epoch ends where the log ends, and of any other nothing is known (-1).
//
// Differs from Apache Kafka 4.4: versions 0 and 1 are served, as 3.9 did.

import { errorCode } from '../../../protocol/error-code.ts'
import { offsetForLeaderEpoch } from '../../../protocol/messages/offset-for-leader-epoch.ts'
import type { RequestOf, ResponseInput } from '../../../protocol/schema.ts'
import { handler } from '../context.ts'
import { findPartition, leaderEpochFault } from '../partitions.ts'

type PartitionRequest = RequestOf<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]
type PartitionAnswer = ResponseInput<typeof offsetForLeaderEpoch>['topics'][number]['partitions'][number]

export const handleOffsetForLeaderEpoch = handler(
  offsetForLeaderEpoch,
  async (request, { engine, respond }) => {
    let firstError: number = errorCode.NONE
    const topics = []
    for (const { topic, partitions } of request.topics) {
      const answers: PartitionAnswer[] = []
      for (const partition of partitions) {
        const answer = await answerOf(topic, partition)
        if (firstError === errorCode.NONE) firstError = answer.errorCode
        answers.push(answer)
      }
      topics.push({ topic, partitions: answers })
    }
    return respond({ throttleTimeMs: 0, topics }, firstError)

    async function answerOf(topic: string, request: PartitionRequest): Promise<PartitionAnswer> {
      const partition = findPartition(engine, false, topic, request.partition)
      if (typeof partition === 'number') return failed(request, partition)
      const fault = leaderEpochFault(partition, request.currentLeaderEpoch)
      if (fault !== errorCode.NONE) return failed(request, fault)
      if (request.leaderEpoch !== partition.leaderEpoch) return failed(request, errorCode.NONE)
      await engine.open([partition])
      return { errorCode: errorCode.NONE, partition: request.partition, leaderEpoch: partition.leaderEpoch, endOffset: partition.endOffset }
    }
  },
  {
    refuse: ({ errorCode: code }, { topics }) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map((partition) => failed(partition, code)) })),
    }),
  },
)

function failed({ partition }: PartitionRequest, code: number): PartitionAnswer {
  return { errorCode: code, partition, leaderEpoch: -1, endOffset: -1 }
}
