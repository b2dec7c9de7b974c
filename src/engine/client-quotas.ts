// Quotas by user, client id and address: kept, listed, and found for a client. Measuring and throttling is the door's.
import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import type { Turns } from './turns.ts'

export type QuotaKey = 'producer_byte_rate' | 'consumer_byte_rate' | 'request_percentage' | 'controller_mutation_rate' | 'connection_creation_rate'
export type QuotaEntityType = 'user' | 'client-id' | 'ip'

/** Whom a quota is for: a name for each type that counts, null for "everyone of that type who has none of their own". */
export type QuotaEntity = Readonly<Partial<Record<QuotaEntityType, string | null>>>
export type QuotaValues = Readonly<Partial<Record<QuotaKey, number>>>

/** A quota that applies to a client, and which of its names it is measured by: clients that share those share the quota. */
export interface FoundQuota {
  readonly limit: number
  readonly meter: string
}

interface QuotaRow {
  entity: QuotaEntity
  values: QuotaValues
}

/** Key: [entity]. */
const clientQuotaTable = table<QuotaRow>('client-quota')

/** Kafka's order: the closest pair of names first. */
const precedence: readonly { user: 'own' | 'default' | 'none'; clientId: 'own' | 'default' | 'none' }[] = [
  { user: 'own', clientId: 'own' },
  { user: 'own', clientId: 'default' },
  { user: 'own', clientId: 'none' },
  { user: 'default', clientId: 'own' },
  { user: 'default', clientId: 'default' },
  { user: 'default', clientId: 'none' },
  { user: 'none', clientId: 'own' },
  { user: 'none', clientId: 'default' },
]

export class ClientQuotas {
  #store: Store
  #rows = new Map<string, QuotaRow>()
  readonly #turns: Turns
  /** Found quotas by what was asked; emptied by every change, and when it grows. */
  #found = new Map<string, FoundQuota | null>()

  constructor(store: Store, turns: Turns) {
    this.#store = store
    this.#turns = turns
  }

  /** Reads what was stored; once. */
  async load(): Promise<void> {
    for (const { key, row } of await this.#store.tables.list(clientQuotaTable)) this.#rows.set(String(key[0]), row)
  }

  /** No quota is set at all: nothing needs to be measured. */
  get none(): boolean {
    return this.#rows.size === 0
  }

  all(): readonly { readonly entity: QuotaEntity; readonly values: QuotaValues }[] {
    return [...this.#rows.values()]
  }

  /** Sets (a number) or takes away (null) quotas of an entity. Durable when it settles. */
  alter(entity: QuotaEntity, changes: ReadonlyMap<QuotaKey, number | null>): Promise<void> {
    return this.#turns.take(async () => {
      const key = entityKey(entity)
      const values: Partial<Record<QuotaKey, number>> = { ...this.#rows.get(key)?.values }
      for (const [name, value] of changes) {
        if (value === null) delete values[name]
        else values[name] = value
      }
      const row = { entity, values }
      const empty = Object.keys(values).length === 0
      const batch = this.#store.batch()
      await (empty ? batch.delete(clientQuotaTable, [key]) : batch.put(clientQuotaTable, [key], row)).commit()
      if (empty) this.#rows.delete(key)
      else this.#rows.set(key, row)
      this.#found.clear()
    })
  }

  /** The quota of a client; null for none. */
  find(key: Exclude<QuotaKey, 'connection_creation_rate'>, user: string, clientId: string): FoundQuota | null {
    if (this.none) return null
    const asked = JSON.stringify([key, user, clientId])
    let found = this.#found.get(asked)
    if (found === undefined) {
      found = this.#search(key, user, clientId)
      if (this.#found.size >= foundMax) this.#found.clear()
      this.#found.set(asked, found)
    }
    return found
  }

  /** Connections per second from an address; null for no limit. */
  connectionRate(ip: string): number | null {
    if (this.none) return null
    const of = (name: string | null): number | undefined => this.#rows.get(entityKey({ ip: name }))?.values.connection_creation_rate
    return of(ip) ?? of(null) ?? null
  }

  /** Forgets everything: the store is being cleared. */
  forgetAll(): void {
    this.#rows.clear()
    this.#found.clear()
  }

  #search(key: QuotaKey, user: string, clientId: string): FoundQuota | null {
    for (const level of precedence) {
      const entity: Partial<Record<QuotaEntityType, string | null>> = {}
      if (level.user !== 'none') entity.user = level.user === 'own' ? user : null
      if (level.clientId !== 'none') entity['client-id'] = level.clientId === 'own' ? clientId : null
      const limit = this.#rows.get(entityKey(entity))?.values[key]
      if (limit === undefined) continue
      const meter = JSON.stringify([key, level.user === 'none' ? null : user, level.clientId === 'none' ? null : clientId])
      return { limit, meter }
    }
    return null
  }
}

/** Names of clients come from clients: what is remembered of them is bounded. */
const foundMax = 10_000

/** One text for an entity, whatever the order of its types. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify(
    Object.entries(entity)
      .filter(([, name]) => name !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
