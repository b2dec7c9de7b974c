// What AWS clients have set on a stream and Kafka knows nothing of. Kept with the topic by the engine, which does not look inside;
// a topic that Kafka made has the defaults.
import type { StreamFacts } from '../engine/topics.ts'

export type StreamMode = 'PROVISIONED' | 'ON_DEMAND'
export type RecordDistribution = 'AUTO' | 'USER_PARTITION_KEY'

/** What an on-demand stream has taken over some time, counted in shards that it fills. */
export interface Peak {
  readonly shards: number
  readonly atMs: number
}

export interface AwsFacts {
  readonly mode: StreamMode
  readonly tags: Readonly<Record<string, string>>
  /** Null: not encrypted. */
  readonly keyId: string | null
  /** Names of enhanced metrics, in AWS's order. */
  readonly shardLevelMetrics: readonly string[]
  readonly warmThroughputMiBps: number | null
  readonly distribution: RecordDistribution
  /** The stream's resource policy, as it was put. */
  readonly policy: string | null
  /** CREATING or UPDATING ends then, in milliseconds since the epoch. */
  readonly busyUntilMs: number
  /** The largest throughput that made an on-demand stream grow. */
  readonly peak: Peak | null
  /** When it last grew of itself. */
  readonly grownMs: number | null
  /** When UpdateShardCount was called, the last 24 hours: AWS allows ten. */
  readonly scaledMs: readonly number[]
  /** When UpdateStreamMode changed the mode, the last 24 hours: AWS allows two. */
  readonly modeChangedMs: readonly number[]
}

const defaults: AwsFacts = {
  mode: 'PROVISIONED',
  tags: {},
  keyId: null,
  shardLevelMetrics: [],
  warmThroughputMiBps: null,
  distribution: 'USER_PARTITION_KEY',
  policy: null,
  busyUntilMs: 0,
  peak: null,
  grownMs: null,
  scaledMs: [],
  modeChangedMs: [],
}

const known = new WeakMap<object, AwsFacts>()

/** The facts, with defaults for what was never set. Asked several times a request: a change makes a new object, so each is completed once. */
export function factsOf({ aws }: StreamFacts): AwsFacts {
  if (!aws) return defaults
  let facts = known.get(aws)
  if (!facts) known.set(aws, (facts = { ...defaults, ...(aws as Partial<AwsFacts>) }))
  return facts
}

/** The facts as the engine keeps them. */
export const withFacts = (stream: StreamFacts, change: Partial<AwsFacts>): StreamFacts => ({ ...stream, aws: { ...stream.aws, ...change } })

/** For a stream that is about to be made. */
export const newFacts = (facts: Partial<AwsFacts>): Readonly<Record<string, unknown>> => ({ ...facts })
