// What a scenario is, and how its figures are told.
import type { Server, ServerKind } from './servers.ts'

export interface Knobs {
  /** Bytes that a throughput run moves. */
  bytes: number
  /** Seconds that a latency run takes. */
  seconds: number
}

export const fullKnobs: Knobs = { bytes: 2e9, seconds: 10 }
/** Enough to see that figures come out. */
export const smokeKnobs: Knobs = { bytes: 40e6, seconds: 1 }

/** Figures of one run, by name with unit: `MB/s`, `p99 ms`. */
export type Figures = Record<string, number>

export interface Scenario {
  readonly name: string
  readonly about: string
  /** Which figure the ratio is made of, and whether more of it is better. */
  readonly headline: { readonly figure: string; readonly more: 'better' | 'worse' }
  /** What the product is held against where no other peer is asked for; it runs in this process or brings its own. */
  readonly baseline?: { readonly name: string; run(knobs: Knobs, directory: string): Promise<Figures> }
  run(server: Server, knobs: Knobs): Promise<Figures>
  /** Scenarios that start servers themselves. */
  readonly startsItself?: (kind: ServerKind, knobs: Knobs, directory: string) => Promise<Figures>
}

export const partitions = 6

export function percentile(values: Float64Array | number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: number[]): number {
  return percentile(values, 0.5)
}
