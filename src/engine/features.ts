// The cluster's features (KIP-584) and the level that each one is at: set by administrators, told to clients, asked by whoever has to be without one. What a request may change,
// and its words, are the door's.
import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import type { Turns } from './turns.ts'

/** Kafka 4.4's features and levels. A fresh cluster has each at its highest. */
export const features = {
  /** KIP-848: consumer groups. */
  'group.version': { min: 0, max: 1 },
  /** KIP-853: quorums whose controllers can change. One node is its own quorum; tools take the level for the version of its protocol. */
  'kraft.version': { min: 0, max: 1 },
  /** 4.4's format of metadata; what tools take as "this is a Kafka 4.4". */
  'metadata.version': { min: 7, max: 33 },
  /** KIP-932: share groups; 2: their dead letters (KIP-1191). */
  'share.version': { min: 0, max: 2 },
  /** KIP-1071: streams groups. */
  'streams.version': { min: 0, max: 1 },
  /** KIP-890: with 2 clients begin a new epoch with each transaction. They say so in each request, which is what the broker goes by. */
  'transaction.version': { min: 0, max: 2 },
  /** KIP-966: replicas that may lead although they are not in sync; with one replica there are none. */
  'eligible.leader.replicas.version': { min: 0, max: 1 },
} as const satisfies Record<string, { readonly min: number; readonly max: number }>

export type FeatureName = keyof typeof features
export const featureNames = Object.keys(features) as FeatureName[]
export const isFeature = (name: string): name is FeatureName => Object.hasOwn(features, name)

interface FeatureRow {
  /** Grows with each change, for clients to tell old news from new. */
  readonly epoch: number
  readonly levels: Readonly<Partial<Record<FeatureName, number>>>
}

/** Key: ['levels']. One row: levels change together. */
const featureTable = table<FeatureRow>('feature')
const fresh: FeatureRow = { epoch: 1, levels: {} }

/** The levels of one cluster. */
export class FeatureLevels {
  readonly #store: Store
  readonly #turns: Turns
  #row = fresh

  constructor(store: Store, turns: Turns) {
    this.#store = store
    this.#turns = turns
  }

  /** Reads what was stored; once. */
  async load(): Promise<void> {
    this.#row = (await this.#store.tables.get(featureTable, ['levels'])) ?? fresh
  }

  get epoch(): number {
    return this.#row.epoch
  }

  level(name: FeatureName): number {
    return this.#row.levels[name] ?? features[name].max
  }

  /** Sets levels, all or none. Durable when it settles. */
  set(levels: ReadonlyMap<FeatureName, number>): Promise<void> {
    return this.#turns.take(async () => {
      const row = { epoch: this.#row.epoch + 1, levels: { ...this.#row.levels, ...Object.fromEntries(levels) } }
      await this.#store.batch().put(featureTable, ['levels'], row).commit()
      this.#row = row
    })
  }

  /** Back to a fresh cluster's: the store is being cleared. */
  forgetAll(): void {
    this.#row = { epoch: this.#row.epoch + 1, levels: {} }
  }
}
