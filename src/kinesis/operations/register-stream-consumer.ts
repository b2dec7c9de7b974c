// RegisterStreamConsumer: a name that may subscribe to a stream's shards.
import { operation } from '../operation.ts'
import { required } from '../shape.ts'
import { consumerName, streamARN, streamId, tags } from '../shapes.ts'
import { checkTags } from '../tags.ts'

export const registerStreamConsumer = operation({
  name: 'RegisterStreamConsumer',
  input: { consumerName: required(consumerName), tags, streamARN: required(streamARN), streamId },
  async run(input, { streams, consumers, account, nowMs }) {
    const stream = streams.active({ streamARN: input.streamARN })
    const given = Object.fromEntries(input.tags ?? [])
    checkTags(given, {}, stream.name, streams.account)
    const advantage = stream.facts.mode === 'ON_DEMAND' && account.committed(nowMs)
    return { Consumer: consumers.describe(await consumers.register(stream, input.consumerName, given, advantage, nowMs)) }
  },
})
