// DeleteStream: the topic goes, with its records, for both doors.
import { operation } from '../operation.ts'
import { boolean } from '../shape.ts'
import { streamReference } from '../shapes.ts'

export const deleteStream = operation({
  name: 'DeleteStream',
  input: { enforceConsumerDeletion: boolean(), ...streamReference },
  async run(input, { streams }) {
    const stream = streams.find(input)
    if (stream.status !== 'DELETING') await streams.delete(stream)
    return undefined
  },
})
