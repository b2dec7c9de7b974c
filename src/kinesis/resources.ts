// What has tags and a policy, by ARN: streams, their consumers and their queues.
import { invalidArgument } from './aws-error.ts'
import type { Consumers, Tags } from './consumers.ts'
import type { Queues } from './queues/queues.ts'
import type { Streams } from './streams.ts'

export interface Resource {
  readonly name: string
  readonly account: string
  readonly tags: Tags
  readonly policy: string | null
  alterTags(change: (now: Tags) => Tags): Promise<void>
  setPolicy(policy: string | null): Promise<void>
}

export class Resources {
  readonly #streams: Streams
  readonly #consumers: Consumers
  readonly #queues: Queues

  constructor(streams: Streams, consumers: Consumers, queues: Queues) {
    this.#streams = streams
    this.#consumers = consumers
    this.#queues = queues
  }

  /** Refuses with ResourceNotFoundException, or InvalidArgumentException for an ARN of nothing that is here. */
  find(arn: string): Resource {
    const { account } = this.#streams
    if (arn.includes('/consumer/')) {
      const consumer = this.#consumers.find({ consumerARN: arn })
      return {
        ...consumer,
        account,
        alterTags: (change) => this.#consumers.annotate(consumer, ({ tags }) => ({ tags: change(tags) })),
        setPolicy: (policy) => this.#consumers.annotate(consumer, () => ({ policy })),
      }
    }
    if (arn.includes(':queue/')) {
      const queue = this.#queues.find(arn)
      return {
        ...queue,
        account,
        alterTags: (change) => this.#queues.annotate(queue, ({ tags }) => ({ tags: change(tags) })),
        setPolicy: (policy) => this.#queues.annotate(queue, () => ({ policy })),
      }
    }
    if (!arn.includes(':stream/')) throw invalidArgument(`ResourceARN ${arn} is invalid.`)
    const stream = this.#streams.find({ streamARN: arn })
    const { tags, policy } = stream.facts
    return {
      name: stream.name,
      account,
      tags,
      policy,
      alterTags: (change) => this.#streams.annotate(stream, (facts) => ({ tags: change(facts.tags) })),
      setPolicy: (next) => this.#streams.annotate(stream, () => ({ policy: next })),
    }
  }
}
