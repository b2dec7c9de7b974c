// Features of the cluster (KIP-584) as ApiVersions tells them and UpdateFeatures looks at them: what clients and tools take as leave to use a protocol. A feature is told
// once the APIs behind it are served. Levels are what this version does, and cannot be changed.

export interface Feature {
  readonly name: string
  readonly level: number
  /** The lowest level that is told as supported. */
  readonly min: number
}

/** Kafka 4.4's levels, and the keys of the APIs without which they would be a lie. */
const table: readonly (Omit<Feature, 'min'> & { readonly min?: number; readonly needs: readonly number[] })[] = [
  // KIP-848: ConsumerGroupHeartbeat, ConsumerGroupDescribe.
  { name: 'group.version', level: 1, needs: [68, 69] },
  // 4.4's format of metadata; what tools take as "this is a Kafka 4.4".
  { name: 'metadata.version', level: 33, min: 7, needs: [] },
  // KIP-932: share groups, and the administration of their offsets.
  { name: 'share.version', level: 2, needs: [76, 77, 78, 79, 90, 91, 92] },
  // KIP-1071.
  { name: 'streams.version', level: 1, needs: [88, 89] },
  // KIP-890: a new epoch with each transaction, partitions added by producing to them.
  { name: 'transaction.version', level: 2, needs: [24, 25, 26, 28] },
]

/** The features that the served keys amount to. */
export function featuresOf(servedKeys: ReadonlySet<number>): readonly Feature[] {
  return table.filter(({ needs }) => needs.every((key) => servedKeys.has(key))).map(({ name, level, min = 0 }) => ({ name, level, min }))
}
