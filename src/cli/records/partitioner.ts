// Which partition a record goes to: what kafkajs chooses, but never one that the topic does not have.
import type { ICustomPartitioner } from 'kafkajs'
import { CommandError } from '../lib/command.ts'

/** kafkajs reports success for records of a partition that does not exist, and sends them nowhere: here they are an error, which is not retried. */
export function refusingUnknown(choose: ICustomPartitioner): ICustomPartitioner {
  return () => {
    const chosen = choose()
    return (asked) => {
      const wanted = asked.message.partition
      if (wanted != null && !asked.partitionMetadata.some(({ partitionId }) => partitionId === wanted))
        throw Object.assign(new CommandError(`${asked.topic} has no partition ${wanted}`), { retriable: false })
      return chosen(asked)
    }
  }
}
