// DeleteStream: the topic goes, with its records, for both doors.
import { inUse } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { boolean } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const deleteStream = operation({
  name: 'DeleteStream',
  input: { enforceConsumerDeletion: boolean(), ...streamReference },
  async run(input, { streams, consumers, queues }) {
    const stream = streams.find(input)
    if (queues.of(stream).length > 0)
      throw inUse(`Stream ${stream.name} under account ${streams.account} has queues. Delete them with DeleteQueue before the stream.`)
    if (!input.enforceConsumerDeletion && consumers.of(stream).length > 0) {
      throw inUse(
        `Stream ${stream.name} under account ${streams.account} has enhanced fan-out consumers. Pass EnforceConsumerDeletion to delete them with it.`,
      )
    }
    if (stream.status !== 'DELETING') await streams.delete(stream)
    return undefined
  },
})
