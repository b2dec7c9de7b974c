// What became of the dead letters of share groups, group by group, for /metrics: as Kafka's ShareGroupMetrics count them. Bounded: groups beyond it are summed.

/** One group's. */
export interface DeadLetters {
  /** Records that were told of. */
  records: number
  /** Batches of letters that were to be written. */
  writes: number
  /** Those of them that could not be. */
  failedWrites: number
}

export class DeadLetterCounts {
  readonly #groupsMax: number
  readonly #groups = new Map<string, DeadLetters>()
  readonly #others: DeadLetters = none()

  constructor(groupsMax: number) {
    this.#groupsMax = groupsMax
  }

  /** The counts of a group, to be added to. */
  of(groupId: string): DeadLetters {
    let counts = this.#groups.get(groupId)
    if (!counts) {
      if (this.#groups.size >= this.#groupsMax) return this.#others
      counts = none()
      this.#groups.set(groupId, counts)
    }
    return counts
  }

  /** By group; what there was no room for stands under `_other`. */
  *all(): Generator<readonly [groupId: string, counts: Readonly<DeadLetters>]> {
    yield* this.#groups
    if (this.#others.writes > 0) yield ['_other', this.#others]
  }
}

const none = (): DeadLetters => ({ records: 0, writes: 0, failedWrites: 0 })
