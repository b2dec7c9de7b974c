// A store whose process ends after so many writes: what comes later never happens, and is never answered.
import { collectBatch } from '../../storage/batch.ts'
import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'

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
  const write = <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (left-- > 0) return run()
    stop()
    return new Promise(() => {})
  }
  const log = intercepted(inner.log, {
    append: (request) => write(() => inner.log.append(request)),
    appendFor: (request, waiter) => {
      write(() => inner.log.append(request)).then(waiter.stored.bind(waiter), waiter.failed.bind(waiter))
    },
  })
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
  return Object.assign(intercepted(inner, { log, batch } as Partial<Store>), { stopped })
}

/** The object with some of its members replaced. */
function intercepted<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = name in members ? members[name as keyof T] : target[name as keyof T]
      return typeof member === 'function' && !(name in members) ? member.bind(target) : member
    },
  })
}
