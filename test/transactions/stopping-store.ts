// Stores that do not take what they are given: one whose process ends after so many writes, so that what comes later never happens and is never answered; one whose disk
// is full for a while.
import { collectBatch } from '../../storage/batch.ts'
import type { Log } from '../../storage/log.ts'
import { StorageFull, type Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'

type Write = <Result>(run: () => Promise<Result>) => Promise<Result>

export interface StoppingStore extends Store {
  /** Settles when the first write was swallowed. */
  readonly stopped: Promise<void>
}

/** Each append and each batch is one write, so that every prefix of them that a commit could hold comes up. */
export function stoppingStore(inner: Store, writes: number): StoppingStore {
  let left = writes
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const write: Write = (run) => {
    if (left-- > 0) return run()
    stop()
    return new Promise(() => {})
  }
  return intercepted(inner, { ...writingThrough(inner, write), stopped } as Partial<StoppingStore>) as StoppingStore
}

export interface FullStore {
  readonly store: Store
  /** As long as it is, every write is refused, after a turn, as a store does it. */
  full: boolean
}

export function fullStore(inner: Store): FullStore {
  const refuse = async (): Promise<never> => {
    await new Promise((turn) => setImmediate(turn))
    throw new StorageFull('no room')
  }
  const write: Write = (run) => (state.full ? refuse() : run())
  const state: FullStore = { store: intercepted(inner, writingThrough(inner, write)), full: false }
  return state
}

/** What of a store writes, with something between. */
function writingThrough(inner: Store, write: Write): Pick<Store, 'log' | 'batch'> {
  const append: Log['append'] = (request) => write(() => inner.log.append(request))
  const appendFor: Log['appendFor'] = (request, waiter) =>
    void append(request).then(
      (result) => waiter.stored(result),
      (error: unknown) => waiter.failed(error),
    )
  const log = intercepted(inner.log, { append, appendFor })
  const batch = () => {
    const collected = inner.batch()
    return collectBatch((parts) => {
      for (const part of parts) {
        if (part.do === 'append') collected.append(part.request)
        else if (part.do === 'put') collected.put(table(part.table), part.key, part.row)
        else collected.delete(table(part.table), part.key)
      }
      return write(() => collected.commit())
    })
  }
  return { log, batch }
}

/** The object with some of its members replaced. */
function intercepted<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (name in members) return members[name as keyof T]
      const member: unknown = target[name as keyof T]
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
