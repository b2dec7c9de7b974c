// Ids of groups that are coming to be. Groups of all kinds share their ids, but not their queues: while one kind's first record is on its way to the disk, the id is
// kept for it, or two groups could have it. Whether a group exists already, each kind tells itself.

/** Kinds that have a queue of their own. `offsets`: classic and consumer groups, which may turn into each other, and the offsets of all kinds. */
export type GroupFamily = 'offsets' | 'share' | 'streams'

export class GroupIds {
  readonly #kept = new Map<string, { readonly family: GroupFamily; count: number }>()

  /** Runs what may make a group of this id, and keeps the id until that is settled. Null where the id is kept for another family. */
  keep<T>(groupId: string, family: GroupFamily, run: () => Promise<T>): Promise<T> | null {
    const kept = this.#kept.get(groupId) ?? { family, count: 0 }
    if (kept.family !== family) return null
    kept.count++
    this.#kept.set(groupId, kept)
    const letGo = (): void => {
      if (--kept.count === 0) this.#kept.delete(groupId)
    }
    const running = run()
    running.then(letGo, letGo)
    return running
  }
}
