// The settings of one broker: what was given, what that amounts to, and changes while it runs. The table of settings is settings/all.ts, their sources settings/sources.ts.
// Reads neither files nor the environment itself, so that brokers in one process share nothing.
import { declarations, isSettingName, type SettingName, type SettingValue } from './settings/all.ts'
import { BadValue } from './settings/declare.ts'
import { type Given, givenByObject, nearestNames, type SettingsInput } from './settings/sources.ts'

export { declarations, isSettingName, type SettingName, type SettingValue } from './settings/all.ts'
export type { Declaration, SettingType } from './settings/declare.ts'
export { environmentName, type Given, givenByEnvironment, givenByFile, givenByObject, givenByPair, type SettingsInput } from './settings/sources.ts'

/** Where a value comes from, strongest first. The first two are changes made while the broker runs: for this broker, and for the whole cluster. */
export type SettingSource = 'dynamic' | 'dynamic-default' | 'option' | 'environment' | 'file' | 'default'
const sources: readonly SettingSource[] = ['dynamic', 'dynamic-default', 'option', 'environment', 'file', 'default']

/** One place's word on a setting. */
export interface Candidate {
  source: SettingSource
  /** As `twinlog config` shows it; null for no value. */
  text: string | null
  /** Where exactly: `--set`, `server.properties line 7`. */
  where: string
}

/** Unknown names or values that do not fit. The message names each key, value, place, and what would be right. */
export class SettingsInvalid extends Error {
  override name = 'SettingsInvalid'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The settings of one broker. */
export class Settings {
  readonly #values = new Map<SettingName, unknown>()
  readonly #candidates = new Map<SettingName, Candidate[]>()
  readonly #listeners = new Set<(name: SettingName) => void>()

  /** Throws SettingsInvalid with everything that is wrong at once. Of two words from one source, the later one stands. */
  constructor(given: readonly Given[] = []) {
    const problems: string[] = []
    for (const { name, text, source, where } of given) {
      if (!isSettingName(name)) {
        problems.push(unknownSetting(name, where))
        continue
      }
      const problem = this.check(name, text)
      if (problem) problems.push(`${name}=${shown(name, text)} (${where}) is not ${problem}`)
      else this.#put(name, { source, text, where })
    }
    // As Kafka: the older name counts where the newer one is not given.
    const [olderId] = this.#candidates.get('broker.id') ?? []
    if (olderId && this.get('broker.id') >= 0 && this.source('node.id') === 'default') this.#put('node.id', olderId)
    if (problems.length === 0) problems.push(...contradictions(this))
    if (problems.length > 0) throw new SettingsInvalid(problems)
  }

  /** Settings of a program: `Settings.of({ 'num.partitions': 4 })`. */
  static of(input: SettingsInput = {}): Settings {
    return new Settings(givenByObject(input, 'settings'))
  }

  /** The value that counts, in its own type. Whole numbers above 2^53 are rounded; `text` is exact. */
  get<Name extends SettingName>(name: Name): SettingValue<Name> {
    let value = this.#values.get(name)
    if (value === undefined) {
      value = parsed(name, this.candidates(name)[0]?.text ?? null)
      this.#values.set(name, value)
    }
    return value as SettingValue<Name>
  }

  /** The value that counts as text; null for none. */
  text(name: SettingName): string | null {
    const text = this.candidates(name)[0]?.text ?? null
    return text === null ? null : canonical(name, text)
  }

  source(name: SettingName): SettingSource {
    return this.candidates(name)[0]?.source ?? 'default'
  }

  /** Every place that has a word on the setting, the one that counts first, the default last. */
  candidates(name: SettingName): readonly Candidate[] {
    return [...(this.#candidates.get(name) ?? []), { source: 'default', text: declarations[name].defaultText, where: 'default' }]
  }

  /** What a text would have to be to fit ("a whole number from 1"), or null where it fits. */
  check(name: SettingName, text: string): string | null {
    try {
      parsed(name, text)
      return null
    } catch (error) {
      if (error instanceof BadValue) return error.message
      throw error
    }
  }

  /** Changes a dynamic setting while the broker runs; null takes the change back. Throws SettingsInvalid. Storing it is the caller's. */
  set(name: SettingName, text: string | null, source: 'dynamic' | 'dynamic-default' = 'dynamic'): void {
    if (!declarations[name].dynamic) throw new SettingsInvalid([`${name} cannot be changed while the broker runs`])
    const problem = text === null ? null : this.check(name, text)
    if (problem) throw new SettingsInvalid([`${name}=${shown(name, text ?? '')} is not ${problem}`])
    if (text === null) this.#remove(name, source)
    else this.#put(name, { source, text, where: 'changed while running' })
    for (const listener of this.#listeners) listener(name)
  }

  /** Calls back after each change. Gives a function that ends it. */
  onChange(listener: (name: SettingName) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Settings that were given though they have no effect here: worth a warning. */
  inertGiven(): SettingName[] {
    return [...this.#candidates.keys()].filter((name) => !declarations[name].acts)
  }

  /** log.retention.ms, else .minutes, else .hours, in milliseconds; -1 for ever. */
  get retentionMs(): number {
    const minutes = this.get('log.retention.minutes')
    const ms = this.get('log.retention.ms') ?? (minutes === null ? this.get('log.retention.hours') * 3_600_000 : minutes * 60_000)
    return ms < 0 ? -1 : ms
  }

  /** Whether each request is told of in the log. */
  get tellsRequests(): boolean {
    const level = this.get('log.level')
    return level === 'debug' || level === 'trace'
  }

  /** log.roll.ms, else .hours, in milliseconds. */
  get rollMs(): number {
    return this.get('log.roll.ms') ?? this.get('log.roll.hours') * 3_600_000
  }

  #put(name: SettingName, candidate: Candidate): void {
    const others = (this.#candidates.get(name) ?? []).filter((other) => other.source !== candidate.source)
    this.#candidates.set(
      name,
      [...others, candidate].sort((a, b) => sources.indexOf(a.source) - sources.indexOf(b.source)),
    )
    this.#values.delete(name)
  }

  #remove(name: SettingName, source: SettingSource): void {
    const others = (this.#candidates.get(name) ?? []).filter((other) => other.source !== source)
    if (others.length > 0) this.#candidates.set(name, others)
    else this.#candidates.delete(name)
    this.#values.delete(name)
  }
}

/** No text is no value only where the setting knows that; `advertise=` in a file takes it back. */
function parsed(name: SettingName, text: string | null): unknown {
  const declaration = declarations[name]
  if (text === null || (declaration.defaultText === null && text.trim() === '')) return null
  return declaration.parse(text.trim())
}

function canonical(name: SettingName, text: string): string | null {
  const declaration = declarations[name]
  const trimmed = text.trim()
  switch (declaration.type) {
    case 'int':
    case 'short':
    case 'long':
      return trimmed === '' ? null : BigInt(trimmed.replace(/^\+/, '')).toString()
    case 'boolean':
      return trimmed.toLowerCase()
    case 'list':
      return trimmed
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .join(',')
    default:
      return declaration.defaultText === null && trimmed === '' ? null : trimmed
  }
}

function unknownSetting(name: string, where: string): string {
  const near = nearestNames(name)
  const hint = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : '; `twinlog config` lists every setting'
  return `unknown setting ${name} (${where})${hint}`
}

/** A secret stays out of messages. */
const shown = (name: SettingName, text: string): string => (declarations[name].sensitive ? '[hidden]' : text)

/** Values that fit alone but not together. */
function contradictions(settings: Settings): string[] {
  const problems: string[] = []
  const [nodeId, olderId] = [settings.get('node.id'), settings.get('broker.id')]
  if (olderId >= 0 && olderId !== nodeId) problems.push(`broker.id=${olderId} and node.id=${nodeId} name one broker: give one of them`)
  const doors = ['kafka', 'aws', 'admin'] as const
  for (const [at, door] of doors.entries()) {
    const taken = doors.slice(0, at).find((other) => isSameAddress(settings.get(other), settings.get(door)))
    if (taken) problems.push(`${taken} and ${door} are both ${settings.get(door)}: each needs a port of its own (0: any free one)`)
  }
  if (settings.retentionMs === 0)
    problems.push('log.retention.ms (or .minutes, .hours) is 0: a record would be gone at once; give at least 1, or -1 for ever')
  for (const kind of ['group', 'group.consumer', 'group.share', 'group.streams'] as const) {
    const min = settings.get(`${kind}.min.session.timeout.ms`)
    const max = settings.get(`${kind}.max.session.timeout.ms`)
    if (min > max) problems.push(`${kind}.min.session.timeout.ms=${min} is above ${kind}.max.session.timeout.ms=${max}`)
  }
  return problems
}

/** Two servers cannot both listen there; port 0 is another one each time. */
const isSameAddress = (one: string, other: string): boolean => one === other && !one.endsWith(':0')
