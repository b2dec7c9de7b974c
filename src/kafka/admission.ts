// Who may connect: how many connections at a time, in all and from one address, and how many a second. Counts; accepting, holding and closing sockets is server.ts's.
import type { Clock } from '../clock.ts'
import type { Settings } from '../config.ts'
import { SampledRate } from '../engine/rate.ts'
import type { Throttle } from './throttle.ts'

/**
 * What becomes of a connection that has just come. `enter`: it is served, after a while where more come than may, and is counted until it has `left`. `refuse`: it is
 * closed at once. `hold`: it is closed after a while, so that it does not try again at once.
 */
export type Admitted =
  | { readonly kind: 'enter'; readonly delayMs: number }
  | { readonly kind: 'refuse'; readonly reason: string }
  | { readonly kind: 'hold'; readonly delayMs: number }

/** An IPv4 client of a socket that listens on IPv6 comes under a name of its own. */
const mapped = '::ffff:'
/** The address as quotas and settings name it. */
export const plainAddress = (address: string): string => (address.startsWith(mapped) ? address.slice(mapped.length) : address)

export class Admission {
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #throttle: Throttle
  readonly #perHost = new Map<string, number>()
  readonly #created: SampledRate
  #count = 0

  constructor(settings: Settings, clock: Clock, throttle: Throttle) {
    this.#settings = settings
    this.#clock = clock
    this.#throttle = throttle
    this.#created = new SampledRate({ samples: settings.get('quota.window.num'), sampleMs: settings.get('quota.window.size.seconds') * 1000 })
  }

  /** A connection came from this address (plainAddress). */
  came(host: string): Admitted {
    const reason = this.#fullness(host)
    if (reason !== null) return { kind: 'refuse', reason }
    const holdMs = this.#throttle.off ? 0 : this.#throttle.connected(host)
    if (holdMs > 0) return { kind: 'hold', delayMs: holdMs }
    this.#count++
    this.#perHost.set(host, this.#countOf(host) + 1)
    return { kind: 'enter', delayMs: this.#delayMs() }
  }

  /** One that had entered is gone. */
  left(host: string): void {
    this.#count--
    const left = this.#countOf(host) - 1
    if (left > 0) this.#perHost.set(host, left)
    else this.#perHost.delete(host)
  }

  #countOf(host: string): number {
    return this.#perHost.get(host) ?? 0
  }

  #fullness(host: string): string | null {
    if (this.#count >= this.#settings.get('max.connections')) return `max.connections (${this.#count}) are open`
    const here = this.#countOf(host)
    const own = this.#settings.get('max.connections.per.ip.overrides').get(host)
    if (here < (own ?? this.#settings.get('max.connections.per.ip'))) return null
    return `${own === undefined ? 'max.connections.per.ip' : 'max.connections.per.ip.overrides'} (${here}) are open from this address`
  }

  /** As Kafka: what comes too fast is not turned away, it waits. */
  #delayMs(): number {
    const perSecond = this.#settings.get('max.connection.creation.rate')
    const nowMs = this.#clock.now()
    this.#created.record(1, nowMs)
    return this.#created.throttleMs(perSecond, nowMs)
  }
}
