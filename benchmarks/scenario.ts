// What a scenario is: a declaration of what is measured, at which door, and who takes part. Does not run anything; compare.ts does.
import type { Server, ServerKind } from './servers.ts'

export interface Knobs {
  /** Bytes that a throughput run moves. */
  bytes: number
  /** Seconds that a latency run or a run at a steady rate takes. */
  seconds: number
  /** What counts of connections, members, partitions and groups are multiplied with. */
  scale: number
}

export const fullKnobs: Knobs = { bytes: 2e9, seconds: 10, scale: 1 }
/** Enough to see that figures come out. */
export const smokeKnobs: Knobs = { bytes: 40e6, seconds: 1, scale: 0.02 }

/** Figures of one run, by name with unit: `MB/s`, `p99 ms`. */
export type Figures = Record<string, number>

export type Door = 'kafka' | 'aws'

/** What the product is held against besides peers: it runs in this process, or brings its own. */
export interface Reference {
  readonly name: string
  run(knobs: Knobs, directory: string): Promise<Figures>
}

export interface Scenario {
  readonly name: string
  /** Scenarios that are asked for together: `kinesis` runs each whose family that is. */
  readonly family: string
  readonly about: string
  readonly door: Door
  /** Which figure the ratio is made of, and whether more of it is better. */
  readonly headline: { readonly figure: string; readonly more: 'better' | 'worse' }
  /** Settings that every server gets for it, in Kafka's names; an AWS peer has none. */
  readonly settings?: Readonly<Record<string, string>>
  /** It kills and starts the server again, which says nothing about one that keeps its data in memory. */
  readonly needsDisk?: true
  /** Peers that cannot do what it measures, each with the reason. */
  readonly without?: Readonly<Record<string, string>>
  readonly references?: readonly Reference[]
  /** Measures a server that runs already. */
  readonly run?: (server: Server, knobs: Knobs) => Promise<Figures>
  /** Measures a start: the server is not running yet. */
  readonly runStart?: (kind: ServerKind, knobs: Knobs, directory: string) => Promise<Figures>
}

/** Why a peer takes no part in a scenario; null where it does. */
export function absence(scenario: Scenario, kind: Pick<ServerKind, 'name' | 'doors' | 'durability'>): string | null {
  if (!kind.doors.includes(scenario.door)) return `it has no ${scenario.door === 'aws' ? 'Kinesis' : 'Kafka'} door`
  if (scenario.needsDisk && kind.durability === 'memory') return 'it keeps its data in memory'
  return scenario.without?.[kind.name] ?? null
}

/** A count under the scale of this run, at least one. */
export const scaled = (count: number, { scale }: Knobs): number => Math.max(1, Math.round(count * scale))

export const partitionsUsual = 6
