// The share groups of one broker, as the doors see them (KIP-932): members, and where each group stands on each partition. Recovery happens here, and forgetting
// what belongs to topics that are gone. The rules are in the files beside this one.
import type { Store } from '../../../storage/store.ts'
import type { Clock, Timer } from '../../clock.ts'
import { GroupIds } from '../group-ids.ts'
import { groupIdBytesMax, groupsMax, memberIdBytesMax } from '../limits.ts'
import { type Refusal, Runtime } from '../runtime.ts'
import { Burials, type SharePlace } from './burials.ts'
import {
  createShareGroupCoordinator,
  type HeartbeatEvent,
  type ShareGroup,
  type ShareGroupAnswer,
  type ShareGroupChange,
  type ShareGroupError,
  type ShareGroupEvent,
  type ShareGroupRecord,
  type ShareGroupRules,
  shareAnswer,
  shareGroupTable,
} from './group-coordinator.ts'
import {
  createSharePartitionCoordinator,
  type KeyedSlot,
  keyOf,
  partsOf,
  type SharePartitionAnswer,
  type SharePartitionEvent,
  type SharePartitionRecord,
  type SharePartitionRules,
  sharePartitionTable,
  stateOfRow,
} from './partition-coordinator.ts'
import { type Run, type SharePartitionState, settledCount } from './partition-state.ts'

/** What share groups need to know of topics. */
export interface ShareTopics {
  get(name: string): { readonly id: string; readonly partitions: { readonly length: number } } | undefined
  onChange(listener: (event: { readonly kind: string; readonly topic: { readonly id: string } }) => void): void
}

/** The configs that act on one group. */
export interface ShareGroupConfigs extends ShareGroupRules, SharePartitionRules {}

export interface ShareGroupsOptions {
  /** Shared with the groups of other kinds; left out where there are none. */
  ids?: GroupIds
  store: Pick<Store, 'tables' | 'batch'>
  clock: Clock
  topics: ShareTopics
  configsOf(groupId: string): ShareGroupConfigs
  /** Is the id that of a group of another kind? */
  isOtherKind(groupId: string): boolean
  /** Told when records of a partition may have become available to a group. */
  onAvailable(topicId: string, partition: number): void
  /** Writes records that a group gave up to its dead letter queue, where there is a way to. False: not now, try again later. */
  writeDeadLetters(place: SharePlace, run: Run): Promise<boolean>
  onError(error: unknown, groupId: string): void
}

/** A share group as lists show it. */
export interface ListedShareGroup {
  readonly groupId: string
  readonly kind: 'share'
  readonly protocolType: 'share'
  readonly state: 'Stable' | 'Empty'
  readonly memberCount: number
}

/** Where a group stands on a partition. */
export interface SharePosition {
  readonly topicId: string
  readonly partition: number
  readonly state: SharePartitionState
  /** The group has looked here, and nothing more. */
  readonly untouched: boolean
}

const refusals: { readonly [R in Refusal]: ShareGroupError } = {
  overloaded: 'COORDINATOR_LOAD_IN_PROGRESS',
  'not-stored': 'COORDINATOR_NOT_AVAILABLE',
  closing: 'COORDINATOR_NOT_AVAILABLE',
}

/** Groups brought into memory before other work gets its turn. */
const sliceGroups = 50

/** Opens the share groups of a store. Members follow in the background, so that their sessions run; where groups stand on partitions, when it is asked for. */
export async function createShareGroups(options: ShareGroupsOptions): Promise<ShareGroups> {
  const rows = await options.store.tables.list(shareGroupTable)
  return new ShareGroups(options, new Map(rows.map(({ key, row }) => [String(key[0]), row.memberCount])))
}

export class ShareGroups {
  readonly #ids: GroupIds
  readonly #options: ShareGroupsOptions
  readonly #groups: Runtime<ShareGroup, ShareGroupEvent, ShareGroupRecord, ShareGroupChange, ShareGroupAnswer>
  readonly #partitions: Runtime<KeyedSlot, SharePartitionEvent, SharePartitionRecord, SharePartitionRecord, SharePartitionAnswer>
  /** Stored groups that are not in memory yet, with the number of their members. */
  readonly #stored: Map<string, number>
  /** Partitions that somebody reads for a group, and whether others came meanwhile. */
  readonly #claims = new Map<string, { refused: boolean }>()
  readonly #burials: Burials
  #topicsVersion = 0
  #closed = false
  #loading: Timer | null = null

  /** For createShareGroups. */
  constructor(options: ShareGroupsOptions, stored: Map<string, number>) {
    this.#ids = options.ids ?? new GroupIds()
    this.#options = options
    this.#stored = stored
    const { store, clock, topics, configsOf, onError, onAvailable } = options
    const shared = { tables: store.tables, batch: () => store.batch(), clock }
    const groups = createShareGroupCoordinator({
      rulesOf: configsOf,
      topicOf: (name) => topics.get(name),
      topicsVersion: () => this.#topicsVersion,
    })
    this.#groups = new Runtime(groups, { ...shared, onError, onLoaded: (groupId) => this.#stored.delete(groupId) })
    const partitions = createSharePartitionCoordinator({
      rulesOf: configsOf,
      moved: (key, state) => {
        const [groupId, topicId, partition] = partsOf(key)
        onAvailable(topicId, partition)
        this.#burials.look(key, { groupId, topicId, partition }, state)
      },
    })
    this.#partitions = new Runtime(partitions, {
      ...shared,
      onError: (error, key) => onError(error, partsOf(key)[0]),
      // What was given up before a restart goes on its way now.
      onLoaded: (key) => {
        const [groupId, topicId, partition] = partsOf(key)
        this.#burials.look(key, { groupId, topicId, partition }, this.#partitions.peek(key)?.body ?? null)
      },
    })
    this.#burials = new Burials({
      clock,
      onError,
      stateOf: ({ groupId, topicId, partition }) => this.peek(groupId, topicId, partition),
      write: options.writeDeadLetters,
      settle: async ({ groupId, topicId, partition }, { first, last }) => {
        const { error } = await this.ask(groupId, topicId, partition, { verb: 'bury', first, last })
        // A place that is gone has nothing left to settle.
        return error === 'NONE' || error === 'not-begun'
      },
    })
    topics.onChange(({ kind, topic }) => {
      this.#topicsVersion++
      if (kind === 'deleted') void this.#forgetTopic(topic.id).catch((error) => onError(error, ''))
    })
    this.#loadInBackground()
  }

  /** A member's heartbeat: joining, staying, leaving. Settles once what it changes is durable. */
  async heartbeat(groupId: string, event: Omit<HeartbeatEvent, 'verb'>): Promise<ShareGroupAnswer> {
    if (Buffer.byteLength(event.memberId) > memberIdBytesMax)
      return shareAnswer('INVALID_REQUEST', `Member ids have at most ${memberIdBytesMax} bytes.`)
    return this.#refusalOf(groupId, event.epoch === 0) ?? this.#make(groupId, { verb: 'heartbeat', ...event })
  }

  /** Makes a group without members, unless there is one. */
  async create(groupId: string): Promise<ShareGroupAnswer> {
    const refusal = this.#refusalOf(groupId, true)
    return refusal ?? this.#make(groupId, { verb: 'create' })
  }

  /** The group with its members. */
  describe(groupId: string): Promise<ShareGroupAnswer> {
    return this.#ask(groupId, { verb: 'describe' })
  }

  /** Is there such a share group? */
  has(groupId: string): boolean {
    return this.#stored.has(groupId) || this.#groups.peek(groupId)?.exists === true
  }

  /** Every share group. */
  list(): ListedShareGroup[] {
    const listed = (groupId: string, memberCount: number): ListedShareGroup => {
      return { groupId, kind: 'share', protocolType: 'share', state: memberCount > 0 ? 'Stable' : 'Empty', memberCount }
    }
    const loaded = [...this.#groups.loaded()].filter(([, { exists }]) => exists)
    return [
      ...loaded.map(([groupId, { members }]) => listed(groupId, members.size)),
      ...Array.from(this.#stored, ([groupId, memberCount]) => listed(groupId, memberCount)),
    ]
  }

  /** How far the groups have come on the partitions that are in memory: as many records behind `offset` as are not settled. Take as many as you can afford. */
  *standing(): IterableIterator<{ groupId: string; topicId: string; partition: number; offset: number }> {
    for (const [key, { body }] of this.#partitions.loaded()) {
      if (!body) continue
      const [groupId, topicId, partition] = partsOf(key)
      yield { groupId, topicId, partition, offset: body.startOffset + settledCount(body) }
    }
  }

  /** Removes a group without members, and where it stood. */
  async delete(groupId: string): Promise<ShareGroupAnswer> {
    const answer = await this.#ask(groupId, { verb: 'delete' })
    if (answer.error === 'NONE') await this.#removePositions([groupId])
    return answer
  }

  /** Hands an event to where the group stands on a partition. */
  ask(groupId: string, topicId: string, partition: number, event: SharePartitionEvent): Promise<SharePartitionAnswer> {
    return this.#partitions.submit(keyOf(groupId, topicId, partition), event, (error) => ({ error, acquired: [] }))
  }

  /**
   * One reader at a time: what two read at once only one of them gets. Gives the function that ends the turn, or null where another has it; then `onAvailable` is
   * called when that one is done.
   */
  claim(groupId: string, topicId: string, partition: number): (() => void) | null {
    const key = keyOf(groupId, topicId, partition)
    const before = this.#claims.get(key)
    if (before) {
      before.refused = true
      return null
    }
    const claim = { refused: false }
    this.#claims.set(key, claim)
    return () => {
      this.#claims.delete(key)
      if (claim.refused) this.#options.onAvailable(topicId, partition)
    }
  }

  isClaimed(groupId: string, topicId: string, partition: number): boolean {
    return this.#claims.has(keyOf(groupId, topicId, partition))
  }

  /** Brings where the group stands into memory; null where it has not begun. */
  async position(groupId: string, topicId: string, partition: number): Promise<SharePartitionState | null> {
    const key = keyOf(groupId, topicId, partition)
    // The slot of a partition that was never begun does not stay: an event goes through either way, and tells.
    const { error } = await this.ask(groupId, topicId, partition, { verb: 'look' })
    return error === 'NONE' ? (this.#partitions.peek(key)?.body ?? null) : null
  }

  /** Where the group stands now, as far as it is in memory. */
  peek(groupId: string, topicId: string, partition: number): SharePartitionState | null {
    return this.#partitions.peek(keyOf(groupId, topicId, partition))?.body ?? null
  }

  /** Everywhere that the group stands. */
  async positions(groupId: string): Promise<SharePosition[]> {
    const rows = await this.#options.store.tables.list(sharePartitionTable, [groupId])
    return rows.map(({ key, row }) => {
      const [topicId, partition] = [String(key[1]), Number(key[2])]
      const slot = this.#partitions.peek(keyOf(groupId, topicId, partition))
      const untouched = slot?.body ? slot.untouched : row.untouched === true
      return { topicId, partition, state: slot?.body ?? stateOfRow(row), untouched }
    })
  }

  /** Timers of a group and of a partition as they stand; for tests. */
  timers(groupId: string, topicId?: string, partition = 0): [name: string, atMs: number][] {
    return topicId === undefined ? this.#groups.timers(groupId) : this.#partitions.timers(keyOf(groupId, topicId, partition))
  }

  /** Forgets everything, for a store that was just cleared. */
  reset(): void {
    this.#stored.clear()
    this.#groups.reset()
    this.#partitions.reset()
  }

  /** Takes nothing more; what waits for the disk is still answered. */
  quiesce(): void {
    this.#groups.quiesce()
    this.#partitions.quiesce()
  }

  close(): void {
    this.#closed = true
    this.#loading?.cancel()
    this.#burials.close()
    this.#groups.close()
    this.#partitions.close()
  }

  /** Why there can be no share group of this id; null where there can. */
  #refusalOf(groupId: string, creates: boolean): ShareGroupAnswer | null {
    if (this.#options.isOtherKind(groupId)) return shareAnswer('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a share group.`)
    if (Buffer.byteLength(groupId) > groupIdBytesMax) return shareAnswer('INVALID_REQUEST', `Group ids have at most ${groupIdBytesMax} bytes.`)
    const isFull = creates && !this.has(groupId) && this.#groups.size + this.#stored.size >= groupsMax
    return isFull ? shareAnswer('COORDINATOR_NOT_AVAILABLE') : null
  }

  /** Asks what may make a group. */
  #make(groupId: string, event: ShareGroupEvent): Promise<ShareGroupAnswer> {
    const run = (): Promise<ShareGroupAnswer> => this.#ask(groupId, event)
    if (this.has(groupId)) return run()
    const kept = this.#ids.keep(groupId, 'share', run)
    return kept ?? Promise.resolve(shareAnswer('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a share group.`))
  }

  #ask(groupId: string, event: ShareGroupEvent): Promise<ShareGroupAnswer> {
    return this.#groups.submit(groupId, event, (reason) => shareAnswer(refusals[reason]))
  }

  #loadInBackground(): void {
    const { clock, onError } = this.#options
    const queue = [...this.#stored.keys()]
    const step = async (): Promise<void> => {
      for (const groupId of queue.splice(0, sliceGroups)) if (this.#stored.has(groupId)) await this.#groups.load(groupId)
      if (queue.length > 0 && !this.#closed) this.#loading = clock.at(clock.now() + 1, run)
    }
    const run = (): void => void step().catch((error) => onError(error, ''))
    if (queue.length > 0) this.#loading = clock.at(clock.now() + 1, run)
  }

  async #forgetTopic(topicId: string): Promise<void> {
    for (const { groupId } of this.list()) await this.#removePositions([groupId, topicId])
  }

  async #removePositions(prefix: readonly string[]): Promise<void> {
    const rows = await this.#options.store.tables.list(sharePartitionTable, prefix)
    await Promise.all(rows.map(({ key }) => this.ask(String(key[0]), String(key[1]), Number(key[2]), { verb: 'remove' })))
  }
}
