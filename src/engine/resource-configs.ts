// Configs of resources that are not topics: the broker's settings changed while it runs, groups, client metrics subscriptions.
// Keeps them and tells of changes; what a name or value may be is the caller's to check. Topics keep their own (topics.ts).

import type { Store } from '../../storage/store.ts'
import { table } from '../../storage/tables.ts'
import { declarations, isSettingName, type Settings } from '../config.ts'
import type { Turns } from './turns.ts'

/** `broker`: this broker by its id; `broker-default`: all brokers, name ''. */
export type ConfiguredResource = 'broker' | 'broker-default' | 'group' | 'client-metrics'

export interface ResourceConfigsEvent {
  resource: ConfiguredResource
  name: string
}

/** Key: [resource, name]. A row is there while at least one config is set. */
const resourceConfigTable = table<Record<string, string>>('resource-config')

export class ResourceConfigs {
  #store: Store
  #settings: Settings
  #rows = new Map<string, ReadonlyMap<string, string>>()
  #listeners: ((event: ResourceConfigsEvent) => void)[] = []
  readonly #turns: Turns

  constructor(store: Store, settings: Settings, turns: Turns) {
    this.#store = store
    this.#turns = turns
    this.#settings = settings
  }

  /** Reads what was stored and lets changed settings act; once, before anything else reads settings. */
  async load(): Promise<void> {
    for (const { key, row } of await this.#store.tables.list(resourceConfigTable)) {
      const [resource, name] = key as [ConfiguredResource, string]
      this.#put(resource, name, new Map(Object.entries(row)))
    }
  }

  /** What is set on the resource; empty for one that nobody configured. */
  get(resource: ConfiguredResource, name: string): ReadonlyMap<string, string> {
    return this.#rows.get(rowKey(resource, name)) ?? new Map()
  }

  /** Resources of a kind that have a config set, by name. */
  names(resource: ConfiguredResource): string[] {
    const prefix = `${resource}/`
    return [...this.#rows.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .sort()
  }

  /** Replaces what is set on a resource; durable before it acts. `change` sees what is set when its turn comes, and may throw to refuse. */
  alter(resource: ConfiguredResource, name: string, change: (now: ReadonlyMap<string, string>) => ReadonlyMap<string, string>): Promise<void> {
    return this.#turns.take(async () => {
      const configs = change(this.get(resource, name))
      const batch = this.#store.batch()
      if (configs.size === 0) batch.delete(resourceConfigTable, [resource, name])
      else batch.put(resourceConfigTable, [resource, name], Object.fromEntries(configs))
      await batch.commit()
      this.#put(resource, name, configs)
      this.#tell(resource, name)
    })
  }

  onChange(listener: (event: ResourceConfigsEvent) => void): void {
    this.#listeners.push(listener)
  }

  /** Forgets everything: the store is being cleared. */
  forgetAll(): void {
    for (const key of [...this.#rows.keys()]) {
      const slash = key.indexOf('/')
      const [resource, name] = [key.slice(0, slash) as ConfiguredResource, key.slice(slash + 1)]
      this.#put(resource, name, new Map())
      this.#tell(resource, name)
    }
  }

  #tell(resource: ConfiguredResource, name: string): void {
    for (const listener of this.#listeners) listener({ resource, name })
  }

  #put(resource: ConfiguredResource, name: string, configs: ReadonlyMap<string, string>): void {
    const before = this.get(resource, name)
    if (configs.size === 0) this.#rows.delete(rowKey(resource, name))
    else this.#rows.set(rowKey(resource, name), new Map(configs))
    if (resource === 'broker' || resource === 'broker-default') this.#act(resource, before, configs)
  }

  /** Names that this version does not know, or does not change while running, stay stored and wait for one that does. */
  #act(resource: 'broker' | 'broker-default', before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
    const source = resource === 'broker' ? 'dynamic' : 'dynamic-default'
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      if (!isSettingName(name) || !declarations[name].dynamic) continue
      const text = after.get(name) ?? null
      if (text === null || this.#settings.check(name, text) === null) this.#settings.set(name, text, source)
    }
  }
}

const rowKey = (resource: ConfiguredResource, name: string): string => `${resource}/${name}`
