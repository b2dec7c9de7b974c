// UpdateMaxRecordSize: the topic's max.message.bytes, in AWS's unit.
import { messageBytesOf } from '../describe.ts'
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { maxRecordSizeInKiB, streamARN, streamId } from '../shapes.ts'

export const updateMaxRecordSize = operation({
  name: 'UpdateMaxRecordSize',
  input: { maxRecordSizeInKiB: required(maxRecordSizeInKiB), streamARN, streamId },
  async run(input, { streams, nowMs }) {
    const stream = streams.active(input)
    await streams.configure(stream, 'max.message.bytes', String(messageBytesOf(input.maxRecordSizeInKiB)))
    await streams.update(stream, () => ({}), nowMs)
    return undefined
  },
})
