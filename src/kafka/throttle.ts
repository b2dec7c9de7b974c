// Quotas at the Kafka door (KIP-13, 124, 599, 612): measures what clients do, and says for how long one that is over its quota must be held. Which quota is whose, the
// engine knows; holding is connection.ts's. Costs one comparison while no quota is set.

import { errorCode } from '../../protocol/error-code.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import type { ClientQuotas, FoundQuota } from '../engine/client-quotas.ts'
import { type RateWindow, SampledRate, TokenBucket } from '../engine/rate.ts'
import { Refusal } from './context.ts'

/** Until clients authenticate, all are Kafka's User:ANONYMOUS. */
const anonymous = 'ANONYMOUS'
/** Meters kept at a time: names come from clients. */
const metersMax = 10_000

type ClientKey = Parameters<ClientQuotas['find']>[0]

/** Partitions that a request creates or deletes, against the client's controller_mutation_rate. */
export interface Mutations {
  /**
   * Counts partitions that are about to be created or deleted. A client over its quota is refused with THROTTLING_QUOTA_EXCEEDED where its version of the API
   * knows that (`strict`); others are let through and held afterwards.
   */
  take(partitions: number, strict: boolean): void
}

export class Throttle {
  readonly #quotas: ClientQuotas
  readonly #clock: Clock
  readonly #window: RateWindow
  readonly #mutationWindow: RateWindow
  readonly #rates = new Map<string, SampledRate>()
  readonly #buckets = new Map<string, { bucket: TokenBucket; limit: number }>()

  constructor(quotas: ClientQuotas, settings: Settings, clock: Clock) {
    this.#quotas = quotas
    this.#clock = clock
    this.#window = { samples: settings.get('quota.window.num'), sampleMs: settings.get('quota.window.size.seconds') * 1000 }
    this.#mutationWindow = {
      samples: settings.get('controller.quota.window.num'),
      sampleMs: settings.get('controller.quota.window.size.seconds') * 1000,
    }
  }

  /** No quota is set for anybody. */
  get off(): boolean {
    return this.#quotas.none
  }

  /** A produce request came. How long its client is to be held. */
  produced(clientId: string | null, requestBytes: number): number {
    return this.#record('producer_byte_rate', clientId, requestBytes)
  }

  /** The most that one fetch of the client may ask for, so that its answer can pass. */
  fetchBytesMax(clientId: string | null): number {
    const quota = this.#find('consumer_byte_rate', clientId)
    return quota ? Math.max(1, Math.floor((quota.limit * (this.#window.samples - 1) * this.#window.sampleMs) / 1000)) : Number.POSITIVE_INFINITY
  }

  /**
   * The answer to a fetch is ready. Above 0: it must not be sent now, and was not counted. A single batch above the quota's whole window passes when nothing else
   * was sent in it: in Kafka such a batch never arrives.
   */
  fetched(clientId: string | null, answerBytes: number): number {
    const quota = this.#find('consumer_byte_rate', clientId)
    if (!quota) return 0
    const nowMs = this.#clock.now()
    const rate = this.#rate(quota, nowMs)
    const first = rate.rate(nowMs) === 0
    rate.record(answerBytes, nowMs)
    const throttleMs = first ? 0 : rate.throttleMs(quota.limit, nowMs)
    if (throttleMs > 0) rate.unrecord(answerBytes)
    return throttleMs
  }

  /** A request took this much of the process's one thread. */
  worked(clientId: string | null, workMs: number): number {
    // Per cent of a thread: what a second of work in a second is 100 of. As Kafka, never longer than one sample.
    return Math.min(this.#window.sampleMs, this.#record('request_percentage', clientId, workMs / 10))
  }

  mutations(clientId: string | null): Mutations {
    return {
      take: (partitions, strict) => {
        const quota = this.#find('controller_mutation_rate', clientId)
        if (!quota) return
        const nowMs = this.#clock.now()
        const bucket = this.#bucket(quota, nowMs)
        if (strict && bucket.throttleMs(quota.limit, nowMs) > 0) {
          throw new Refusal(errorCode.THROTTLING_QUOTA_EXCEEDED, 'The throttling quota has been exceeded.')
        }
        bucket.take(partitions, quota.limit, nowMs)
      },
    }
  }

  /** How long a client that changed topics is to be held. */
  mutated(clientId: string | null): number {
    const quota = this.#find('controller_mutation_rate', clientId)
    const known = quota && this.#buckets.get(quota.meter)
    return quota && known ? known.bucket.throttleMs(quota.limit, this.#clock.now()) : 0
  }

  /** A connection came. Above 0: it is to be closed after that time, and was not counted. */
  connected(ip: string): number {
    const limit = this.#quotas.connectionRate(ip)
    if (limit === null) return 0
    const nowMs = this.#clock.now()
    const rate = this.#rate({ limit, meter: `ip ${ip}` }, nowMs)
    rate.record(1, nowMs)
    const throttleMs = rate.throttleMs(limit, nowMs)
    if (throttleMs > 0) rate.unrecord(1)
    return Math.min(throttleMs, this.#window.sampleMs)
  }

  #find(key: ClientKey, clientId: string | null): FoundQuota | null {
    return this.#quotas.find(key, anonymous, clientId ?? '')
  }

  #record(key: ClientKey, clientId: string | null, value: number): number {
    const quota = this.#find(key, clientId)
    if (!quota) return 0
    const nowMs = this.#clock.now()
    const rate = this.#rate(quota, nowMs)
    rate.record(value, nowMs)
    return rate.throttleMs(quota.limit, nowMs)
  }

  #rate({ meter }: FoundQuota, nowMs: number): SampledRate {
    let rate = this.#rates.get(meter)
    if (!rate) {
      rate = new SampledRate(this.#window)
      makeRoom(this.#rates, (one) => one.idle(nowMs))
      this.#rates.set(meter, rate)
    }
    return rate
  }

  #bucket({ meter, limit }: FoundQuota, nowMs: number): TokenBucket {
    let known = this.#buckets.get(meter)
    if (!known || known.limit !== limit) {
      known = { bucket: new TokenBucket(limit, this.#mutationWindow, nowMs), limit }
      makeRoom(this.#buckets, (one) => one.bucket.idle(one.limit, nowMs))
      this.#buckets.set(meter, known)
    }
    return known.bucket
  }
}

/** Drops meters that have nothing to tell any more; if none is idle, the oldest. */
function makeRoom<Meter>(meters: Map<string, Meter>, idle: (meter: Meter) => boolean): void {
  if (meters.size < metersMax) return
  for (const [name, meter] of meters) if (idle(meter)) meters.delete(name)
  for (const name of meters.keys()) {
    if (meters.size < metersMax) return
    meters.delete(name)
  }
}
