// UpdateStreamMode: provisioned or on-demand. The shards stay as they are; an on-demand stream is not resharded by hand.
import { inUse, invalidArgument } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { integer, required, structure } from '../shape.ts'
import { streamARN, streamId, streamMode } from '../shapes.ts'

export const updateStreamMode = operation({
  name: 'UpdateStreamMode',
  input: {
    streamModeDetails: required(structure({ streamMode: required(streamMode) })),
    warmThroughputMiBps: integer({ min: 0 }),
    streamARN: required(streamARN),
    streamId,
  },
  async run(input, { streams, queues, nowMs }) {
    const stream = streams.active({ streamARN: input.streamARN })
    const mode = input.streamModeDetails.streamMode
    const onDemand = mode === 'ON_DEMAND'
    if (!onDemand && input.warmThroughputMiBps !== undefined)
      throw invalidArgument('WarmThroughputMiBps is only supported for streams in ON_DEMAND mode.')
    if (!onDemand && queues.of(stream).length > 0) {
      throw inUse(`Stream ${stream.name} under account ${streams.account} has queues. Delete them with DeleteQueue before the mode is changed.`)
    }
    await streams.update(
      stream,
      (facts) => ({
        mode,
        warmThroughputMiBps: onDemand ? (input.warmThroughputMiBps ?? facts.warmThroughputMiBps) : null,
        distribution: onDemand ? facts.distribution : 'USER_PARTITION_KEY',
      }),
      nowMs,
    )
    return undefined
  },
})
