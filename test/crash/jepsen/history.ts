// What writers were told and what readers saw, and the few lines that say what must hold between the two: no aborted read, no lost acknowledged write, no duplicate,
// whole transactions, polls that never go back. Knows no client.

/** One transaction, from its writer's side. */
export class Attempt {
  /** Acknowledged values, and those whose acknowledgement never came. */
  readonly acknowledged: string[] = []
  readonly values: string[] = []
  /** `unknown`: a commit was asked for, and its answer never came. */
  outcome: 'aborted' | 'committed' | 'unknown' = 'aborted'
}

/** What one reader saw. */
export class Sighting {
  readonly values = new Map<string, string>()
  /** The furthest offset by partition, since the reader last took up its partitions. */
  readonly #positions = new Map<number, number>()
  readonly #history: History

  constructor(history: History) {
    this.#history = history
  }

  /** The reader may begin again where it committed last. */
  restarted(): void {
    this.#positions.clear()
  }

  saw(partition: number, offset: number, value: string): void {
    const place = `${partition}/${offset}`
    this.#history.operations++
    const before = this.#positions.get(partition) ?? -1
    if (offset <= before) this.#history.problems.push(`a poll went back from ${partition}/${before} to ${place}`)
    this.#positions.set(partition, offset)
    const known = this.values.get(place)
    if (known !== undefined && known !== value) this.#history.problems.push(`${place} was ${known} and is ${value} now`)
    this.values.set(place, value)
  }
}

export class History {
  operations = 0
  /** What was wrong at once. */
  readonly problems: string[] = []
  readonly #attempts: Attempt[] = []

  begin(): Attempt {
    const attempt = new Attempt()
    this.#attempts.push(attempt)
    return attempt
  }

  counts(): Record<Attempt['outcome'], number> {
    const counts = { aborted: 0, committed: 0, unknown: 0 }
    for (const { outcome } of this.#attempts) counts[outcome]++
    return counts
  }

  /**
   * Everything that is wrong. `committed` and `all` read from start to end after the last writer was done, the first with read_committed; `live` and `following` read the
   * same meanwhile.
   */
  verdict({ committed, all, live, following }: Record<'committed' | 'all' | 'live' | 'following', Sighting>): string[] {
    const problems = [...this.problems]
    const finally_ = counted(committed, problems)
    const stored = counted(all, problems)
    for (const [then, now] of [
      [live, committed],
      [following, all],
    ] as const) {
      for (const [place, value] of then.values)
        if (now.values.get(place) !== value) problems.push(`${value} at ${place} was read, and is not there any more`)
    }
    if (live.values.size < committed.values.size) problems.push(`a reader beside the writers saw ${live.values.size} of ${committed.values.size}`)
    for (const { outcome, values, acknowledged } of this.#attempts) {
      const seen = values.filter((value) => finally_.has(value))
      if (outcome === 'aborted' && seen.length > 0) problems.push(`aborted, and read: ${seen}`)
      if (outcome === 'committed' && seen.length < values.length)
        problems.push(`committed, and lost: ${values.filter((value) => !finally_.has(value))}`)
      if (outcome === 'unknown' && seen.length > 0 && seen.length < values.length) problems.push(`torn: ${seen} of ${values}`)
      for (const value of acknowledged) if (!stored.has(value)) problems.push(`acknowledged, and lost: ${value}`)
    }
    return problems
  }
}

/** The values; those that stand twice are problems. */
function counted({ values }: Sighting, problems: string[]): Set<string> {
  const found = new Set<string>()
  for (const [place, value] of values) {
    if (found.has(value)) problems.push(`${value} stands twice, the second time at ${place}`)
    found.add(value)
  }
  return found
}
