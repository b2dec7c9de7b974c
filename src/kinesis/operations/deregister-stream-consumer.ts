// DeregisterStreamConsumer: its subscriptions end with it.
import { inUse } from '../aws-error.ts'
import { operation } from '../operation.ts'
import { consumerReference } from '../shapes.ts'

export const deregisterStreamConsumer = operation({
  name: 'DeregisterStreamConsumer',
  input: { ...consumerReference },
  async run(input, { consumers, subscriptions, counts, nowMs }) {
    const consumer = consumers.find(input)
    if (consumer.status === 'DELETING') throw inUse(`Consumer ${consumer.name} is already being deleted.`)
    await consumers.deregister(consumer, nowMs)
    subscriptions.endAll(consumer.arn)
    counts.of(consumer.stream).consumers.delete(consumer.name)
    return undefined
  },
})
