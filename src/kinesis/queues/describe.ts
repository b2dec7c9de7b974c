// Queues as AWS describes them. Pure.
import type { Output } from '../operation.ts'
import { WireTime } from '../wire-time.ts'
import type { Queue } from './queues.ts'

const heading = ({ name, arn, status, createdMs }: Queue): Output => ({
  QueueName: name,
  QueueARN: arn,
  QueueStatus: status,
  QueueCreationTimestamp: new WireTime(createdMs),
})

/** QueueDescription. */
export function describeQueue(queue: Queue): Output {
  const { stream, start, status, visibilityS, receiveCountMax } = queue
  // Until it is there, the request is echoed.
  const timestampMs = status === 'CREATING' ? start.timestampMs : start.effectiveMs
  return {
    ...heading(queue),
    StreamConfigurationList: [
      {
        StreamARN: stream.arn,
        StartingPosition: { Type: start.type, Timestamp: timestampMs === null ? undefined : new WireTime(timestampMs) },
      },
    ],
    QueueAttributes: {
      VisibilityTimeoutSeconds: visibilityS,
      DeadLetterConfiguration: receiveCountMax === null ? { TargetType: 'NONE' } : { TargetType: 'BUILT_IN', MaxReceiveCount: receiveCountMax },
    },
  }
}

/** QueueSummary. */
export const summarizeQueue = (queue: Queue): Output => ({
  ...heading(queue),
  Streams: [{ StreamARN: queue.stream.arn, StreamCreationTimestamp: new WireTime(queue.stream.topic.createdMs) }],
})
