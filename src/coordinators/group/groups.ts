// The groups of one broker, as the doors see them: hand in an event, get its answer; list them; take figures. Also what happens without being asked:
// recovery in the background, the sweep for offsets that outlived their retention, offsets of deleted topics. Rules are in group.ts and below it.
import type { Store } from '../../../storage/store.ts'
import type { Batch } from '../../../storage/tables.ts'
import type { Clock, Timer } from '../../clock.ts'
import type { Random } from '../../random.ts'
import { GroupIds } from '../group-ids.ts'
import { groupIdBytesMax, groupsMax } from '../limits.ts'
import { type Outcome, type Refusal, Runtime } from '../runtime.ts'
import { assignors } from './assignors/assignor.ts'
import { phaseNames } from './classic/describe.ts'
import { loadRegexes } from './consumer/regex.ts'
import { phaseOf } from './consumer/state.ts'
import type { ConsumerWorld, MigrationPolicy } from './consumer/world.ts'
import type { GroupSettings } from './effects.ts'
import { type Answer, failures, type GroupError, type GroupEvent, type Verb, type Verbs } from './events.ts'
import { createGroupCoordinator, endTransaction, type Group } from './group.ts'
import { countOffsets } from './offsets.ts'
import { type AnyGroupRow, groupTable, type StoredRecord, type VolatileRecord } from './records.ts'

/** What groups need to know of topics. */
export interface TopicDirectory {
  byId(topicId: string): { readonly name: string } | undefined
  get(name: string): { readonly id: string; readonly partitions: { readonly length: number } } | undefined
  all(): readonly { readonly name: string }[]
  onChange(listener: (event: { readonly kind: string; readonly topic: { readonly id: string } }) => void): void
}

export interface GroupsOptions {
  /** Shared with the groups of other kinds; left out where there are none. */
  ids?: GroupIds
  store: Pick<Store, 'tables' | 'batch'>
  clock: Clock
  random: Random
  settings: GroupSettings
  topics: TopicDirectory
  /** What is set on a group by itself; nothing where left out. */
  groupConfigs?(groupId: string): ReadonlyMap<string, string>
  /** Names of the assignors that consumer groups may use, the default first; all there are where left out. */
  assignorNames?(): readonly string[]
  /** Whether groups may change their protocol while they have members; both ways where left out. */
  migrationPolicy?(): MigrationPolicy
  /** Told of a broken invariant or of rows that cannot be read. */
  onError(error: unknown, groupId: string): void
}

/** Groups of a kind that keeps its members elsewhere and its offsets here (streams groups). */
export interface OtherGroups {
  /** Settles the request, or leaves it to this file (null). `pass` hands it on as it should be taken here, where the group has no members. */
  intercept(groupId: string, asked: Asked<Verb>, pass: (asked: Asked<Verb>) => Promise<Answer>): Promise<Answer> | null
  has(groupId: string): boolean
  list(): ListedGroup[]
}

export interface ListedGroup {
  readonly groupId: string
  readonly kind: 'classic' | 'consumer' | 'streams'
  /** Kafka's name of it: Empty, PreparingRebalance, CompletingRebalance, Stable; of consumer groups Empty, Assigning, Reconciling, Stable. */
  readonly state: string
  readonly protocolType: string
  readonly memberCount: number
}

/** An event as a door hands it in: what is left to chance is added here. */
export type Asked<V extends Verb> = { readonly verb: V } & Omit<Verbs[V]['event'], 'verb' | 'freshId'>

const refusals: { readonly [R in Refusal]: GroupError } = {
  overloaded: 'COORDINATOR_LOAD_IN_PROGRESS',
  // Clients ask for the coordinator again and come back.
  'not-stored': 'COORDINATOR_NOT_AVAILABLE',
  closing: 'COORDINATOR_NOT_AVAILABLE',
}

/** Verbs that Kafka answers for the empty group id too: clients that manage their partitions themselves may leave it out. */
const worksForEmptyId: ReadonlySet<Verb> = new Set(['commit', 'fetch', 'describe', 'delete', 'drop-pending', 'clean-up', 'topic-gone'])
/** Groups handled before other work gets its turn. */
const sliceGroups = 50

/** Opens the groups of a store. Reads one row per group; members and offsets follow when they are asked for, or in the background. */
export async function createGroups(options: GroupsOptions): Promise<Groups> {
  const rows = await options.store.tables.list(groupTable)
  return new Groups(options, new Map(rows.map(({ key, row }) => [String(key[0]), row])))
}

/** What an id takes in a stored key, where a NUL takes two bytes. */
const keyBytes = (id: string): number => Buffer.byteLength(id) + id.split('\0').length - 1

export class Groups {
  readonly #ids: GroupIds
  readonly #options: GroupsOptions
  readonly #runtime: Runtime<Group, GroupEvent, StoredRecord, VolatileRecord, Answer>
  /** Stored groups that are not in memory yet. */
  readonly #stored: Map<string, AnyGroupRow>
  #topicsVersion = 0
  #others: OtherGroups | null = null
  #timers = new Set<Timer>()
  #closed = false

  /** For createGroups. */
  constructor(options: GroupsOptions, stored: Map<string, AnyGroupRow>) {
    this.#ids = options.ids ?? new GroupIds()
    this.#options = options
    this.#stored = stored
    const coordinator = createGroupCoordinator({
      settings: options.settings,
      nameOf: (topicId) => options.topics.byId(topicId)?.name,
      isStored: (groupId) => this.#stored.has(groupId),
      consumers: this.#consumerWorld(),
    })
    this.#runtime = new Runtime(coordinator, {
      tables: options.store.tables,
      batch: () => options.store.batch(),
      clock: options.clock,
      onError: options.onError,
      onLoaded: (groupId) => this.#stored.delete(groupId),
    })
    options.topics.onChange(({ kind, topic }) => {
      if (kind !== 'configs') this.#topicsVersion++
      if (kind === 'deleted') this.#forgetTopic(topic.id)
    })
    this.#loadInBackground()
    this.#scheduleSweep()
  }

  /** Settles with the answer, after whatever it depends on is durable. Never rejects but for a broken invariant. */
  submit<V extends Verb>(groupId: string, asked: Asked<V>): Promise<Verbs[V]['answer']> {
    const pass = (changed: Asked<Verb>): Promise<Answer> => this.#submit(groupId, changed)
    const taken = this.#others?.intercept(groupId, asked as unknown as Asked<Verb>, pass)
    return (taken as Promise<Verbs[V]['answer']> | null | undefined) ?? this.#submit(groupId, asked)
  }

  /** Lets groups of another kind, whose offsets are kept here, have their say. */
  attach(others: OtherGroups): void {
    this.#others = others
  }

  /** Is there a group of this id, here or among those, in memory or not? */
  exists(groupId: string): boolean {
    return this.#others?.has(groupId) === true || this.#stored.has(groupId) || (this.#runtime.peek(groupId)?.body ?? null) !== null
  }

  #submit<V extends Verb>(groupId: string, asked: Asked<V>): Promise<Verbs[V]['answer']> {
    const beat = asked.verb === 'consumer-heartbeat' ? (asked as unknown as Asked<'consumer-heartbeat'>) : null
    const event = { ...asked, freshId: asked.verb === 'join' || beat?.memberId === '' ? this.#freshId() : '' } as unknown as Verbs[V]['event']
    const fail = (error: GroupError): Verbs[V]['answer'] => failures[asked.verb](event, error)
    if ((groupId === '' && !worksForEmptyId.has(asked.verb)) || keyBytes(groupId) > groupIdBytesMax) return Promise.resolve(fail('INVALID_GROUP_ID'))
    const mayCreate = asked.verb === 'join' || asked.verb === 'commit' || asked.verb === 'consumer-heartbeat'
    if (mayCreate && this.size >= groupsMax && !this.#has(groupId)) return Promise.resolve(fail('COORDINATOR_NOT_AVAILABLE'))
    const submit = (): Promise<Verbs[V]['answer']> =>
      this.#runtime.submit(groupId, event, (reason) => fail(refusals[reason])) as Promise<Verbs[V]['answer']>
    const run = (): Promise<Verbs[V]['answer']> => (beat?.topicRegex ? loadRegexes().then(submit) : submit())
    // Offsets of streams groups come here too: their group exists, and keeps its id by that.
    if (!mayCreate || this.exists(groupId)) return run()
    return (
      this.#ids.keep(groupId, 'offsets', run) ?? Promise.resolve(fail(asked.verb === 'join' ? 'INCONSISTENT_GROUP_PROTOCOL' : 'GROUP_ID_NOT_FOUND'))
    )
  }

  /** Brings a group into memory, for a transaction that will commit offsets to it. */
  async load(groupId: string): Promise<void> {
    // Behind whatever waits for the group, which is in memory then; one with pending offsets stays there.
    await this.submit(groupId, { verb: 'drop-pending', producerId: -1 })
  }

  /** Adds what becomes of a producer's pending offsets to the batch that ends its transaction. The group is in memory. */
  endTransaction(batch: Batch, groupId: string, producerId: number, committed: boolean): Outcome | undefined {
    return this.#runtime.takePart(groupId, batch, (group) => endTransaction(group, producerId, committed))
  }

  /** Groups there are, in memory or not. */
  get size(): number {
    return this.#runtime.size + this.#stored.size
  }

  /** Every group. */
  list(): ListedGroup[] {
    const listed = this.#others?.list() ?? []
    const others = new Set(listed.map(({ groupId }) => groupId))
    for (const [groupId, { body }] of this.#runtime.loaded()) {
      if (!body || others.has(groupId)) continue
      if (body.kind === 'consumer') {
        listed.push({ groupId, kind: body.kind, state: phaseOf(body), protocolType: 'consumer', memberCount: body.members.size })
        continue
      }
      // The last member has left, and that is being stored.
      const phase = body.phase === 'preparing-rebalance' && body.members.size === 0 ? 'empty' : body.phase
      listed.push({ groupId, kind: body.kind, state: phaseNames[phase], protocolType: body.protocolType ?? '', memberCount: body.members.size })
    }
    for (const [groupId, row] of this.#stored) {
      if (others.has(groupId)) continue
      const protocolType = row.kind === 'consumer' ? 'consumer' : (row.protocolType ?? '')
      const state = row.memberCount > 0 ? phaseNames.stable : phaseNames.empty
      listed.push({ groupId, kind: row.kind, state, protocolType, memberCount: row.memberCount })
    }
    return listed
  }

  /** Figures for /metrics; costs one step per group. */
  figures(): { byState: Map<string, number>; members: number; offsets: number } {
    const byState = new Map(Object.values(phaseNames).map((name) => [name, 0]))
    let members = 0
    let offsets = 0
    for (const group of this.list()) {
      byState.set(group.state, (byState.get(group.state) ?? 0) + 1)
      members += group.memberCount
    }
    for (const [, group] of this.#runtime.loaded()) offsets += countOffsets(group.offsets)
    return { byState, members, offsets }
  }

  /** Committed offsets of the groups in memory, for their lag. Take as many as you can afford. */
  *committed(): IterableIterator<{ groupId: string; topicId: string; partition: number; offset: number }> {
    for (const [groupId, group] of this.#runtime.loaded()) {
      for (const [topicId, partitions] of group.offsets) {
        for (const [partition, row] of partitions) yield { groupId, topicId, partition, offset: row[0] }
      }
    }
  }

  /** The group as it is in memory, to read; for tests. */
  peek(groupId: string): Group | undefined {
    return this.#runtime.peek(groupId)
  }

  /** A group's timers as they stand; for tests. */
  timers(groupId: string): [name: string, atMs: number][] {
    return this.#runtime.timers(groupId)
  }

  /** Forgets every group, for a store that was just cleared. Requests that wait are refused. */
  reset(): void {
    this.#stored.clear()
    this.#runtime.reset()
  }

  /** The broker is about to stop: takes nothing more and refuses what is parked, so that nobody's join holds it up. Commits under way are still answered. */
  quiesce(): void {
    this.#runtime.quiesce()
  }

  /** Refuses what waits and what comes. Writes under way end on their own. */
  close(): void {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    this.#runtime.close()
  }

  #consumerWorld(): ConsumerWorld {
    const { topics, groupConfigs, assignorNames, migrationPolicy } = this.#options
    const version = (): number => this.#topicsVersion
    return {
      topics: {
        get version() {
          return version()
        },
        get: (name) => topics.get(name),
        names: () => topics.all().map(({ name }) => name),
        nameOf: (topicId) => topics.byId(topicId)?.name,
      },
      assignorNames: () => (assignorNames ? assignorNames().filter((name) => assignors.has(name)) : [...assignors.keys()]),
      migrationPolicy: () => migrationPolicy?.() ?? 'bidirectional',
      groupConfig: (groupId, name) => groupConfigs?.(groupId).get(name),
    }
  }

  #has(groupId: string): boolean {
    return this.#stored.has(groupId) || this.#runtime.peek(groupId) !== undefined
  }

  #after(ms: number, action: () => void): void {
    if (this.#closed) return
    const { clock } = this.#options
    const timer = clock.at(clock.now() + ms, () => {
      this.#timers.delete(timer)
      action()
    })
    this.#timers.add(timer)
  }

  /** Members' timers run once their group is in memory. Groups with members come first. */
  #loadInBackground(): void {
    const queue = [...this.#stored].sort(([, a], [, b]) => Number(b.memberCount > 0) - Number(a.memberCount > 0)).map(([groupId]) => groupId)
    const step = async (): Promise<void> => {
      const slice = queue.splice(-sliceGroups)
      await Promise.all(slice.map((groupId) => (this.#stored.has(groupId) ? this.#runtime.load(groupId) : undefined)))
      if (queue.length > 0) this.#after(1, () => void step())
    }
    queue.reverse()
    if (queue.length > 0) this.#after(1, () => void step())
  }

  #scheduleSweep(): void {
    this.#after(this.#options.settings.get('offsets.retention.check.interval.ms'), () => {
      this.#sweep([...this.#runtime.loaded()].map(([groupId]) => groupId).concat([...this.#stored.keys()]))
    })
  }

  async #sweep(queue: string[]): Promise<void> {
    await Promise.all(queue.splice(-sliceGroups).map((groupId) => this.#quietly(groupId, { verb: 'clean-up' })))
    if (queue.length > 0) this.#after(1, () => void this.#sweep(queue))
    else this.#scheduleSweep()
  }

  #forgetTopic(topicId: string): void {
    for (const [groupId, group] of this.#runtime.loaded()) {
      if (group.offsets.has(topicId)) void this.#quietly(groupId, { verb: 'topic-gone', topicId })
    }
  }

  /** A broken invariant has been reported to onError by the time that the request rejects; nobody waits for this one. */
  async #quietly<V extends Verb>(groupId: string, asked: Asked<V>): Promise<void> {
    try {
      await this.submit(groupId, asked)
    } catch {}
  }

  /** A version 4 UUID. */
  #freshId(): string {
    const bytes = this.#options.random.bytes(16)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}
