// How fast something happens, for quotas: a rate over sliding samples, and a bucket of tokens. Kafka's arithmetic, so that the same quota lets the same
// bursts through. Time is passed in.

/** Samples: how many there are, and how long one is. */
export interface RateWindow {
  readonly samples: number
  readonly sampleMs: number
}

interface Sample {
  startMs: number
  value: number
}

/** A rate per second over the last samples. A young rate counts as if the time of all but one sample had passed: a burst of that much is let through. */
export class SampledRate {
  readonly #window: RateWindow
  #samples: Sample[] = []

  constructor(window: RateWindow) {
    this.#window = window
  }

  record(value: number, nowMs: number): void {
    this.#forget(nowMs)
    const last = this.#samples.at(-1)
    if (last && nowMs - last.startMs < this.#window.sampleMs) last.value += value
    else this.#samples.push({ startMs: nowMs, value })
  }

  /** Takes back what was recorded just now. */
  unrecord(value: number): void {
    const last = this.#samples.at(-1)
    if (last) last.value -= value
  }

  rate(nowMs: number): number {
    this.#forget(nowMs)
    let sum = 0
    for (const { value } of this.#samples) sum += value
    return (sum / this.elapsedMs(nowMs)) * 1000
  }

  /** The time that the rate is taken over. */
  elapsedMs(nowMs: number): number {
    const { samples, sampleMs } = this.#window
    const oldest = this.#samples[0]?.startMs ?? nowMs
    const passedMs = nowMs - oldest
    const missing = Math.max(0, samples - 1 - Math.floor(passedMs / sampleMs))
    return passedMs + missing * sampleMs
  }

  /** How long to wait until the rate is back at the bound; 0 where it is not above. */
  throttleMs(bound: number, nowMs: number): number {
    const rate = this.rate(nowMs)
    return rate > bound ? Math.round(((rate - bound) / bound) * this.elapsedMs(nowMs)) : 0
  }

  /** Nothing in the window any more: the meter may be forgotten. */
  idle(nowMs: number): boolean {
    this.#forget(nowMs)
    return this.#samples.length === 0
  }

  #forget(nowMs: number): void {
    const { samples, sampleMs } = this.#window
    while (this.#samples.length > 0 && nowMs - this.#samples[0]!.startMs >= samples * sampleMs) this.#samples.shift()
    // The clock was set back: what is ahead of it would gather until it is there again.
    while (this.#samples.length > 0 && this.#samples.at(-1)!.startMs > nowMs) this.#samples.pop()
  }
}

/** Tokens that come at a rate, up to a burst. Taking more than there are leaves a debt that must be worked off first (KIP-599). */
export class TokenBucket {
  readonly #window: RateWindow
  #tokens: number
  #lastMs: number

  constructor(perSecond: number, window: RateWindow, nowMs: number) {
    this.#window = window
    this.#tokens = this.#burst(perSecond)
    this.#lastMs = nowMs
  }

  take(tokens: number, perSecond: number, nowMs: number): void {
    this.#refill(perSecond, nowMs)
    this.#tokens -= tokens
  }

  /** How long to wait until the debt is worked off; 0 where there is none. */
  throttleMs(perSecond: number, nowMs: number): number {
    this.#refill(perSecond, nowMs)
    return this.#tokens < 0 ? Math.round((-this.#tokens / perSecond) * 1000) : 0
  }

  #refill(perSecond: number, nowMs: number): void {
    this.#tokens = Math.min(this.#burst(perSecond), this.#tokens + (perSecond * Math.max(0, nowMs - this.#lastMs)) / 1000)
    this.#lastMs = nowMs
  }

  #burst(perSecond: number): number {
    return (perSecond * this.#window.samples * this.#window.sampleMs) / 1000
  }

  /** The bucket is full again: it may be forgotten. */
  idle(perSecond: number, nowMs: number): boolean {
    this.#refill(perSecond, nowMs)
    return this.#tokens >= this.#burst(perSecond)
  }
}
