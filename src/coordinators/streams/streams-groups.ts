// The streams groups of one broker, as the Kafka door sees them: hand in a heartbeat, get its answer; describe; list. Also what stands between them and the rest of the
// broker: internal topics are made here, and groups.ts, which keeps the offsets of every kind of group, asks here who may touch them. Rules are in the files beside this one.
import type { Store } from '../../../storage/store.ts'
import type { Clock } from '../../clock.ts'
import { isBlank } from '../blank.ts'
import type { Answer, Verb } from '../group/events.ts'
import type { Asked, ListedGroup, OtherGroups } from '../group/groups.ts'
import { GroupIds } from '../group-ids.ts'
import { groupIdBytesMax, groupsMax } from '../limits.ts'
import { type Refusal, Runtime } from '../runtime.ts'
import { type Configured, configure } from './configure.ts'
import { createStreamsCoordinator } from './coordinator.ts'
import { type DescribedStreams, describeStreams } from './describe.ts'
import type { DescriptionEvent, TopologyDescription } from './description.ts'
import { failed, type HeartbeatAnswer, type HeartbeatEvent, type StreamsError, type StreamsEvent, type StreamsSetting } from './events.ts'
import { OffsetRules } from './offset-rules.ts'
import { type StreamsChange, type StreamsRecord, streamsDescriptionTable, streamsGroupTable } from './rows.ts'
import { phaseOf, type StreamsBody, type StreamsGroup } from './state.ts'
import { type InternalTopic, orderTopology, type Topology } from './topology.ts'
import { faultOfHeartbeat } from './validate.ts'

/** What streams groups need of topics; the engine's Topics is one. */
export interface StreamsTopics {
  get(name: string): { readonly partitions: { readonly length: number } } | undefined
  byId(topicId: string): { readonly name: string } | undefined
  create(spec: { name: string; partitionCount: number; configs: Record<string, string> }): Promise<unknown>
  onChange(listener: (event: { readonly kind: string }) => void): void
}

type SettingName =
  | 'group.streams.session.timeout.ms'
  | 'group.streams.min.session.timeout.ms'
  | 'group.streams.max.session.timeout.ms'
  | 'group.streams.heartbeat.interval.ms'
  | 'group.streams.min.heartbeat.interval.ms'
  | 'group.streams.max.heartbeat.interval.ms'
  | 'group.streams.num.standby.replicas'
  | 'group.streams.max.standby.replicas'
  | 'group.streams.initial.rebalance.delay.ms'
  | 'group.streams.assignment.interval.ms'
  | 'group.streams.min.assignment.interval.ms'
  | 'group.streams.max.assignment.interval.ms'
  | 'group.streams.max.size'
  | 'offsets.retention.minutes'

export interface StreamsGroupsOptions {
  /** Shared with the groups of other kinds; left out where there are none. */
  ids?: GroupIds
  store: Pick<Store, 'tables' | 'batch'>
  clock: Clock
  settings: { get(name: SettingName): number }
  topics: StreamsTopics
  /** Configs set on a group. */
  groupConfigs(groupId: string): ReadonlyMap<string, string>
  /** The groups of all other kinds, which also keep the offsets. */
  groups: {
    attach(others: OtherGroups): void
    load(groupId: string): Promise<void>
    peek(
      groupId: string,
    ):
      | { readonly body: { readonly kind: string; readonly members: { readonly size: number } } | null; readonly offsets: { readonly size: number } }
      | undefined
  }
  /** Are descriptions of topologies kept? */
  keepsDescriptions(): boolean
  /** Client tags that members must have where their group says nothing else. */
  rackTags(): readonly string[]
  onError(error: unknown, groupId: string): void
}

const refusals: Readonly<Record<Refusal, StreamsError>> = {
  overloaded: 'COORDINATOR_LOAD_IN_PROGRESS',
  'not-stored': 'COORDINATOR_NOT_AVAILABLE',
  closing: 'COORDINATOR_NOT_AVAILABLE',
}

/** Opens the streams groups of a store. All of them come into memory: who may commit offsets to a group must be known at once, and there are few. */
export async function createStreamsGroups(options: StreamsGroupsOptions): Promise<StreamsGroups> {
  const groups = new StreamsGroups(options)
  const rows = await options.store.tables.list(streamsGroupTable)
  await Promise.all(rows.map(({ key }) => groups.load(String(key[0]))))
  return groups
}

export class StreamsGroups implements OtherGroups {
  readonly #ids: GroupIds
  readonly #options: StreamsGroupsOptions
  readonly #runtime: Runtime<StreamsGroup, StreamsEvent, StreamsRecord, StreamsChange, HeartbeatAnswer>
  readonly #rules: OffsetRules
  /** Topologies held against the topics, until topics change. */
  #configured = new WeakMap<Topology, Configured>()
  /** Why a group's internal topics could not be made. */
  readonly #problems = new Map<string, string>()

  /** For createStreamsGroups. */
  constructor(options: StreamsGroupsOptions) {
    this.#ids = options.ids ?? new GroupIds()
    this.#options = options
    const coordinator = createStreamsCoordinator({
      configured: (topology) => this.#configuredOf(topology),
      creationProblem: (groupId) => this.#problems.get(groupId) ?? null,
      setting: (groupId, name) => this.#setting(groupId, name),
      rackTags: (groupId) => this.#rackTags(groupId),
      assignmentConfigs: (groupId) => `${this.#setting(groupId, 'num.standby.replicas')} ${this.#rackTags(groupId)}`,
      hasOffsets: (groupId) => (options.groups.peek(groupId)?.offsets.size ?? 0) > 0,
      keepsDescriptions: () => options.keepsDescriptions(),
    })
    this.#runtime = new Runtime(coordinator, {
      tables: options.store.tables,
      batch: () => options.store.batch(),
      clock: options.clock,
      onError: options.onError,
    })
    this.#rules = new OffsetRules((topicId) => options.topics.byId(topicId)?.name)
    options.topics.onChange(({ kind }) => {
      if (kind !== 'configs') this.#configured = new WeakMap()
    })
    options.groups.attach(this)
  }

  /** For createStreamsGroups. */
  load(groupId: string): Promise<void> {
    return this.#runtime.load(groupId)
  }

  /** Settles with the answer, after whatever it depends on is durable. Never rejects but for a broken invariant. */
  async heartbeat(groupId: string, asked: Omit<HeartbeatEvent, 'verb'>): Promise<HeartbeatAnswer> {
    const event: HeartbeatEvent = { verb: 'heartbeat', ...asked }
    if (isBlank(groupId)) return failed('INVALID_REQUEST', "GroupId can't be empty.")
    if (Buffer.byteLength(groupId) + groupId.split('\0').length - 1 > groupIdBytesMax) return failed('INVALID_GROUP_ID')
    const fault = faultOfHeartbeat(event)
    if (fault) return fault
    if (this.#body(groupId)) return this.#submit(groupId, event)
    const isOther = failed('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a streams group.`)
    const join = async (): Promise<HeartbeatAnswer> => {
      if (await this.#isTaken(groupId)) return isOther
      if (event.epoch !== 0) return failed('GROUP_ID_NOT_FOUND', `${event.epoch > 0 ? 'Streams group' : 'Group'} ${groupId} not found.`)
      return this.#runtime.size >= groupsMax ? failed('COORDINATOR_NOT_AVAILABLE') : this.#submit(groupId, event)
    }
    return event.epoch === 0 ? (this.#ids.keep(groupId, 'streams', join) ?? isOther) : join()
  }

  async #submit(groupId: string, event: HeartbeatEvent): Promise<HeartbeatAnswer> {
    if (event.epoch >= 0) await this.#makeTopics(groupId, event)
    return this.#runtime.submit(groupId, event, (reason) => failed(refusals[reason]))
  }

  /** Takes a member's description of the topology; settles when it is durable. */
  async describeTopology(groupId: string, asked: Omit<DescriptionEvent, 'verb'>): Promise<HeartbeatAnswer> {
    if (!this.#options.keepsDescriptions()) {
      return failed('UNSUPPORTED_VERSION', 'The broker has no streams group topology description plugin configured.')
    }
    if (isBlank(asked.memberId)) return failed('INVALID_REQUEST', "MemberId can't be empty.")
    if (isBlank(groupId)) return failed('INVALID_REQUEST', "GroupId can't be empty.")
    if (!this.#body(groupId)) return failed('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    return this.#runtime.submit(groupId, { verb: 'description', ...asked }, (reason) => failed(refusals[reason]))
  }

  /** Undefined where there is no such streams group. */
  describe(groupId: string): DescribedStreams | undefined {
    const body = this.#body(groupId)
    return body ? describeStreams(body, body.topology ? this.#configuredOf(body.topology) : null) : undefined
  }

  /** The topology of a group, described for people; undefined where nobody has described it. It is not held in memory. */
  description(groupId: string): Promise<TopologyDescription | undefined> {
    const body = this.#body(groupId)
    if (!body || body.row.describedEpoch < 0) return Promise.resolve(undefined)
    return this.#options.store.tables.get(streamsDescriptionTable, [groupId])
  }

  has(groupId: string): boolean {
    return this.#body(groupId) !== null
  }

  list(): ListedGroup[] {
    const listed: ListedGroup[] = []
    for (const [groupId, { body }] of this.#runtime.loaded()) {
      if (body) listed.push({ groupId, kind: 'streams', state: this.#phase(body), protocolType: 'streams', memberCount: body.members.size })
    }
    return listed
  }

  /** What groups.ts asks before it lets a request at the offsets of a group that may be one of these. */
  intercept(groupId: string, asked: Asked<Verb>, pass: (asked: Asked<Verb>) => Promise<Answer>): Promise<Answer> | null {
    const body = this.#body(groupId)
    if (!body) return null
    if (asked.verb === 'delete') return this.#delete(groupId, asked, pass)
    return this.#rules.answer(body, groupId, asked, pass)
  }

  /** The group as it is in memory, to read; for tests. */
  peek(groupId: string): StreamsGroup | undefined {
    return this.#runtime.peek(groupId)
  }

  /** A group's timers as they stand; for tests. */
  timers(groupId: string): [name: string, atMs: number][] {
    return this.#runtime.timers(groupId)
  }

  /** Forgets every group, for a store that was just cleared. */
  reset(): void {
    this.#problems.clear()
    this.#runtime.reset()
  }

  close(): void {
    this.#runtime.close()
  }

  #body(groupId: string): StreamsBody | null {
    return this.#runtime.peek(groupId)?.body ?? null
  }

  #phase(body: StreamsBody): string {
    return phaseOf(body, body.topology !== null && this.#configuredOf(body.topology).fault === null)
  }

  /** A group of another kind has the id. One of classic members gives it up when they are gone, with its offsets. */
  async #isTaken(groupId: string): Promise<boolean> {
    const { groups } = this.#options
    await groups.load(groupId)
    const body = groups.peek(groupId)?.body
    return body ? body.kind !== 'classic' || body.members.size > 0 : false
  }

  async #delete(groupId: string, asked: Asked<Verb>, pass: (asked: Asked<Verb>) => Promise<Answer>): Promise<Answer> {
    const { error } = await this.#runtime.submit(groupId, { verb: 'delete' }, (reason) => failed(refusals[reason]))
    if (error !== 'NONE' && error !== 'GROUP_ID_NOT_FOUND') return { error } as Answer
    const told = await pass(asked)
    // It had no offsets.
    return error === 'NONE' && told.error === 'GROUP_ID_NOT_FOUND' ? ({ error: 'NONE' } as Answer) : told
  }

  #configuredOf(topology: Topology): Configured {
    let configured = this.#configured.get(topology)
    if (!configured) {
      const { topics } = this.#options
      configured = configure(topology, { partitionsOf: (name) => topics.get(name)?.partitions.length })
      this.#configured.set(topology, configured)
    }
    return configured
  }

  /** Before the heartbeat is looked at, so that its member need not come again to get its tasks. */
  async #makeTopics(groupId: string, { topology: declared }: HeartbeatEvent): Promise<void> {
    const topology = this.#body(groupId)?.topology ?? (declared && orderTopology(declared))
    if (!topology) return
    const { missing } = this.#configuredOf(topology)
    if (missing.length === 0) return void this.#problems.delete(groupId)
    const problems = (await Promise.all(missing.map((topic) => this.#makeTopic(topic)))).filter((problem) => problem !== null)
    if (problems.length > 0) this.#problems.set(groupId, problems.join('; '))
    else this.#problems.delete(groupId)
  }

  async #makeTopic({ name, partitions, topicConfigs }: InternalTopic): Promise<string | null> {
    const { topics } = this.#options
    try {
      await topics.create({ name, partitionCount: partitions, configs: Object.fromEntries(topicConfigs.map(({ key, value }) => [key, value])) })
      return null
    } catch (error) {
      // Another member's heartbeat made it.
      return topics.get(name) ? null : `creation of ${name} failed: ${error instanceof Error ? error.message : String(error)}`
    }
  }

  #rackTags(groupId: string): readonly string[] {
    const { rackTags, groupConfigs } = this.#options
    const text = groupConfigs(groupId).get('streams.rack.aware.assignment.tags')
    if (text === undefined) return rackTags()
    return text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '')
  }

  #setting(groupId: string, name: StreamsSetting): number {
    const { settings, groupConfigs } = this.#options
    const own = (config: string, fallback: number): number => {
      const text = groupConfigs(groupId).get(config)
      return text === undefined ? fallback : Number(text)
    }
    switch (name) {
      case 'session.timeout.ms': {
        const wanted = own('streams.session.timeout.ms', settings.get('group.streams.session.timeout.ms'))
        return clamp(wanted, settings.get('group.streams.min.session.timeout.ms'), settings.get('group.streams.max.session.timeout.ms'))
      }
      case 'heartbeat.interval.ms': {
        const wanted = own('streams.heartbeat.interval.ms', settings.get('group.streams.heartbeat.interval.ms'))
        return clamp(wanted, settings.get('group.streams.min.heartbeat.interval.ms'), settings.get('group.streams.max.heartbeat.interval.ms'))
      }
      case 'num.standby.replicas': {
        const wanted = own('streams.num.standby.replicas', settings.get('group.streams.num.standby.replicas'))
        return Math.min(wanted, settings.get('group.streams.max.standby.replicas'))
      }
      case 'initial.rebalance.delay.ms':
        return own('streams.initial.rebalance.delay.ms', settings.get('group.streams.initial.rebalance.delay.ms'))
      case 'assignment.interval.ms': {
        const wanted = own('streams.assignment.interval.ms', settings.get('group.streams.assignment.interval.ms'))
        return clamp(wanted, settings.get('group.streams.min.assignment.interval.ms'), settings.get('group.streams.max.assignment.interval.ms'))
      }
      case 'max.size':
        return settings.get('group.streams.max.size')
      case 'retention.ms':
        return settings.get('offsets.retention.minutes') * 60_000
    }
  }
}

const clamp = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max)
