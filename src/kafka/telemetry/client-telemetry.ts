// Client telemetry (KIP-714): which metrics a client shall push how often, and when it may. Subscriptions are configs (admin/client-metrics-configs.ts); the numbers go to
// client-series.ts. What is known of a client is lost on restart and found again with its next request.
import { crc32c } from '../../../protocol/records/crc32c.ts'
import type { Clock } from '../../clock.ts'
import { loadRegexes, type Matcher } from '../../coordinators/group/consumer/regex.ts'
import { listItems } from '../../engine/config-values.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Random } from '../../random.ts'
import { clientMetricsTable, type MatchKey, parseMatch } from '../admin/client-metrics-configs.ts'
import type { Client } from '../connection.ts'

/** Clients that are remembered; the one that was quiet longest goes first. */
const instancesMax = 10_000

/** zstd, lz4, gzip, snappy: in the order in which the broker likes them. */
export const telemetryCodecs: readonly number[] = [4, 3, 1, 2]

/** What subscriptions may ask of a client. */
export type ClientFacts = Readonly<Record<MatchKey, string>>

/** Names are the client's own, and are matched against patterns: longer ones are cut. */
const factCharsMax = 255

/** What a request tells of its client. */
export function clientFacts(instanceId: string, clientId: string | null, client: Client): ClientFacts {
  return {
    client_instance_id: instanceId,
    client_id: (clientId ?? '').slice(0, factCharsMax),
    client_software_name: (client.software?.name ?? '').slice(0, factCharsMax),
    client_software_version: (client.software?.version ?? '').slice(0, factCharsMax),
    client_source_address: client.host,
    client_source_port: String(client.port),
  }
}

export interface Subscription {
  readonly id: number
  readonly pushIntervalMs: number
  /** Prefixes of names; "*" for all. */
  readonly metrics: readonly string[]
}

/** A client that asked for its subscription, or pushed. */
export interface ClientInstance {
  readonly id: string
  subscription: Subscription
  lastGetMs: number
  lastPushMs: number
  /** It asked since its last push: its next one comes at a moment of its choice, so that clients do not push together. */
  asked: boolean
  /** It said that this is its last push. */
  terminating: boolean
  /** Its last push was refused in a way that makes it ask again at once. */
  mayAskAgain: boolean
  /** The state of the configs that its subscription was made from. */
  configsVersion: number
}

interface Rule {
  match: ReadonlyMap<MatchKey, Matcher>
  metrics: readonly string[]
  intervalMs: number
}

const never = Number.NEGATIVE_INFINITY

export class ClientTelemetry {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #random: Random
  readonly #instances = new Map<string, ClientInstance>()
  #rules: readonly Rule[] | null = null
  #configsVersion = 0

  constructor(engine: Engine, clock: Clock, random: Random) {
    this.#engine = engine
    this.#clock = clock
    this.#random = random
    engine.configs.onChange(({ resource }) => {
      if (resource !== 'client-metrics') return
      this.#rules = null
      this.#configsVersion++
    })
  }

  newInstanceId(): string {
    return this.#random.bytes(16).toString('base64url')
  }

  /** The client of this id, as its subscriptions stand now. */
  async instance(facts: ClientFacts): Promise<ClientInstance> {
    await loadRegexes()
    const id = facts.client_instance_id
    let instance = this.#instances.get(id)
    if (!instance) {
      const subscription = this.#subscription(facts)
      const configsVersion = this.#configsVersion
      instance = { id, subscription, lastGetMs: never, lastPushMs: never, asked: false, terminating: false, mayAskAgain: false, configsVersion }
    } else if (instance.configsVersion !== this.#configsVersion) {
      instance.subscription = this.#subscription(facts)
      instance.configsVersion = this.#configsVersion
      instance.mayAskAgain = true
    }
    // The last of the map is the one that was heard of last.
    this.#instances.delete(id)
    this.#instances.set(id, instance)
    const [quietest] = this.#instances.keys()
    if (this.#instances.size > instancesMax && quietest !== undefined) this.#instances.delete(quietest)
    return instance
  }

  /** A client may ask once an interval, and at once after a push that failed for its subscription. */
  mayGet(instance: ClientInstance): boolean {
    const nowMs = this.#clock.now()
    if (!instance.mayAskAgain && nowMs - instance.lastGetMs < instance.subscription.pushIntervalMs) return false
    instance.lastGetMs = nowMs
    instance.asked = true
    instance.mayAskAgain = false
    return true
  }

  /** A client may push after it asked, then once an interval. */
  mayPush(instance: ClientInstance): boolean {
    const nowMs = this.#clock.now()
    if (!instance.asked && nowMs - instance.lastPushMs < instance.subscription.pushIntervalMs) return false
    instance.lastPushMs = nowMs
    instance.asked = false
    return true
  }

  #subscription(facts: ClientFacts): Subscription {
    const fitting = this.#currentRules().filter(({ match }) => [...match].every(([key, matches]) => matches(facts[key])))
    const wanted = new Set(fitting.flatMap(({ metrics }) => metrics))
    const metrics = wanted.has('*') ? ['*'] : [...wanted].sort()
    // As Kafka: a subscription can make pushes more frequent than the default, never rarer.
    const pushIntervalMs = Math.min(Number(clientMetricsTable['interval.ms'].default), ...fitting.map(({ intervalMs }) => intervalMs))
    const id = crc32c(Buffer.from(JSON.stringify([metrics, pushIntervalMs, facts.client_instance_id]))) | 0
    return { id, pushIntervalMs, metrics }
  }

  #currentRules(): readonly Rule[] {
    this.#rules ??= this.#engine.configs.names('client-metrics').map((name) => {
      const set = this.#engine.configs.get('client-metrics', name)
      return {
        match: parseMatch(set.get('match') ?? ''),
        metrics: listItems(set.get('metrics') ?? ''),
        intervalMs: Number(set.get('interval.ms') ?? clientMetricsTable['interval.ms'].default),
      }
    })
    return this.#rules
  }
}
