// What groups run in, under a test's hand: a store that can be full, topics that can go, settings that can change.
import type { ManualClock } from '../../src/clock.ts'
import { Settings } from '../../src/config.ts'
import type { TopicDirectory } from '../../src/coordinators/group/groups.ts'
import { openMemoryStore } from '../../storage/memory-store.ts'
import { StorageFull, type Store } from '../../storage/store.ts'
import type { Batch, Table, Tables } from '../../storage/tables.ts'

/** A memory store that outlives its groups, notes which tables are written, and can be out of room. */
export class FakeStore implements Pick<Store, 'tables' | 'batch'> {
  isFull = false
  written: string[] = []
  readonly #store: Store

  constructor(clock: ManualClock) {
    this.#store = openMemoryStore({
      stamp: () => {},
      now: () => clock.now(),
      flush: 'sync',
      recentBytesMax: 0,
      onFailure: () => {},
    })
  }

  get tables(): Tables {
    return this.#store.tables
  }

  batch(): Batch {
    const inner = this.#store.batch()
    const note = (table: Table<unknown>): void => void this.written.push(table.name)
    const outer: Batch = {
      put: (table, key, row) => {
        note(table)
        inner.put(table, key, row)
        return outer
      },
      delete: (table, key) => {
        note(table)
        inner.delete(table, key)
        return outer
      },
      append: () => outer,
      commit: () => (this.isFull ? Promise.reject(new StorageFull('no room')) : inner.commit()),
    }
    return outer
  }
}

/** Topics by name; the id is made of the name. */
export class FakeTopics implements TopicDirectory {
  readonly #gone = new Set<string>()
  readonly #listeners: Parameters<TopicDirectory['onChange']>[0][] = []

  id(name: string): string {
    return `id-of-${name}`
  }

  readonly counts = new Map<string, number>()

  /** Topics of the world, for groups that ask by name: `counts` says how many partitions each has. */
  get(name: string): { id: string; partitions: { length: number } } | undefined {
    const length = this.counts.get(name)
    return length === undefined ? undefined : { id: this.id(name), partitions: { length } }
  }

  all(): { name: string }[] {
    return Array.from(this.counts.keys(), (name) => ({ name }))
  }

  /** A topic comes, or grows. */
  make(name: string, partitions: number): void {
    const kind = this.counts.has(name) ? 'partitions' : 'created'
    this.counts.set(name, partitions)
    this.#gone.delete(this.id(name))
    for (const listener of this.#listeners) listener({ kind, topic: { id: this.id(name) } })
  }

  byId(topicId: string): { name: string } | undefined {
    return this.#gone.has(topicId) ? undefined : { name: topicId.replace('id-of-', '') }
  }

  onChange(listener: Parameters<TopicDirectory['onChange']>[0]): void {
    this.#listeners.push(listener)
  }

  drop(name: string): void {
    this.#gone.add(this.id(name))
    this.counts.delete(name)
    for (const listener of this.#listeners) listener({ kind: 'deleted', topic: { id: this.id(name) } })
  }
}

/** The real defaults, with single values overridden. */
export function fakeSettings(): { get(name: string): number; set(name: string, value: number): void } {
  const settings = new Settings()
  const own = new Map<string, number>()
  return {
    get: (name) => own.get(name) ?? (settings.get(name as 'group.max.size') as number),
    set: (name, value) => void own.set(name, value),
  }
}
