// CreateQueue: a queue on an on-demand stream. CREATING for the transition time; what it delivers is fixed now.
import { invalidArgument, validationError } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { attributesDefault, givenAttributes } from '../queues/attributes.ts'
import { describeQueue } from '../queues/describe.ts'
import { queueStart } from '../queues/start.ts'
import { listOf, oneOf, required, structure, timestamp } from '../shape.ts'
import { queueAttributes, queueName, streamARN, tags } from '../shapes.ts'
import { checkTags } from '../tags.ts'

const startingPosition = structure({ type: required(oneOf('LATEST', 'TRIM_HORIZON', 'AT_TIMESTAMP')), timestamp: timestamp() })

export const createQueue = operation({
  name: 'CreateQueue',
  input: {
    queueName: required(queueName),
    streamConfigurationList: required(listOf(structure({ streamARN: required(streamARN), startingPosition }), { min: 1, max: 10_000 })),
    queueAttributes,
    tags,
  },
  async run(input, context) {
    const { streams, queues, account, nowMs } = context
    const [configuration, ...others] = input.streamConfigurationList
    if (!configuration || others.length > 0) throw validationError('StreamConfigurationList must contain exactly one entry.')
    const given = Object.fromEntries(input.tags ?? [])
    checkTags(given, {}, input.queueName, streams.account)
    const attributes = { ...attributesDefault, ...givenAttributes(input.queueAttributes) }
    const stream = streams.active({ streamARN: configuration.streamARN })
    if (stream.facts.mode !== 'ON_DEMAND') throw invalidArgument('Queues are only supported for streams in ON_DEMAND mode.')
    const { type = 'LATEST', timestamp: timestampMs } = configuration.startingPosition ?? {}
    const start = await queueStart(type, timestampMs, stream, context)
    const queue = { name: input.queueName, stream, tags: given, start, ...attributes }
    return { QueueDescription: describeQueue(await queues.create(queue, account.committed(nowMs), nowMs)) }
  },
})
