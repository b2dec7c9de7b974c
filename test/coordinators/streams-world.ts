// Streams groups under a test's hand: topics that can be made and dropped, members that own what they were told, topologies of the usual shapes.
import { ManualClock } from '../../src/clock.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import type { HeartbeatAnswer, HeartbeatEvent } from '../../src/coordinators/streams/events.ts'
import { createStreamsGroups, type StreamsGroups } from '../../src/coordinators/streams/streams-groups.ts'
import { noTasks, type Tasks, taskIdsOf } from '../../src/coordinators/streams/tasks.ts'
import type { DeclaredTopology, InternalTopic } from '../../src/coordinators/streams/topology.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

/** Topics that can be made, but for some. */
export class StreamTopics extends FakeTopics {
  readonly configs = new Map<string, Record<string, string>>()
  /** Names that may not be made. */
  refuses = new Set<string>()

  create({ name, partitionCount, configs }: { name: string; partitionCount: number; configs: Record<string, string> }): Promise<void> {
    if (this.refuses.has(name)) return Promise.reject(new Error('refused'))
    if (this.counts.has(name)) return Promise.reject(new Error('exists'))
    this.configs.set(name, configs)
    this.make(name, partitionCount)
    return Promise.resolve()
  }
}

const internal = (name: string, partitions = 0): InternalTopic => ({
  name,
  partitions,
  replicationFactor: 0,
  topicConfigs: [{ key: 'cleanup.policy', value: name.endsWith('-changelog') ? 'compact' : 'delete' }],
})

const blank = {
  sourceTopicRegex: [],
  sourceTopics: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
}

/** `plain` reads one topic; `count` groups it by another key and counts; `join` joins two topics; `fixed` counts over a given number of partitions. */
export const topologies: Readonly<Record<string, DeclaredTopology>> = {
  plain: { epoch: 0, subtopologies: [{ ...blank, subtopologyId: '0', sourceTopics: ['in'] }] },
  stateful: {
    epoch: 0,
    subtopologies: [{ ...blank, subtopologyId: '0', sourceTopics: ['in'], stateChangelogTopics: [internal('app-store-changelog')] }],
  },
  count: counting(0),
  fixed: counting(3),
  join: {
    epoch: 0,
    subtopologies: [
      { ...blank, subtopologyId: '0', sourceTopics: ['in', 'in2'], copartitionGroups: [{ sourceTopics: [0, 1], repartitionSourceTopics: [] }] },
    ],
  },
  later: { epoch: 1, subtopologies: [{ ...blank, subtopologyId: '0', sourceTopics: ['in'] }] },
}

function counting(partitions: number): DeclaredTopology {
  const repartition = internal('app-by-repartition', partitions)
  return {
    epoch: 0,
    subtopologies: [
      { ...blank, subtopologyId: '0', sourceTopics: ['in'], repartitionSinkTopics: ['app-by-repartition'] },
      { ...blank, subtopologyId: '1', repartitionSourceTopics: [repartition], stateChangelogTopics: [internal('app-counts-changelog')] },
    ],
  }
}

export const groupId = 'g'

/** A member as Kafka Streams is one: it owns what it was told. */
export interface Client {
  epoch: number
  owned: Tasks
  endpointEpoch: number
}

export class StreamsRig {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new StreamTopics()
  readonly settings = fakeSettings()
  readonly clients = new Map<string, Client>()
  readonly errors: unknown[] = []
  keepsDescriptions = false
  rackTags: string[] = []
  groups!: Groups
  streams!: StreamsGroups

  async start(): Promise<void> {
    const { store, clock, topics, settings } = this
    const onError = (error: unknown): void => void this.errors.push(error)
    this.groups = await createGroups({ store, clock, topics, settings, random: seededRandom(1), onError })
    this.streams = await createStreamsGroups({
      store,
      clock,
      settings,
      topics,
      groupConfigs: () => new Map(),
      groups: this.groups,
      keepsDescriptions: () => this.keepsDescriptions,
      rackTags: () => this.rackTags,
      onError,
    })
  }

  async restart(): Promise<void> {
    this.stop()
    await this.start()
  }

  stop(): void {
    this.streams.close()
    this.groups.close()
  }

  client(name: string): Client {
    let client = this.clients.get(name)
    if (!client) this.clients.set(name, (client = { epoch: 0, owned: noTasks, endpointEpoch: 0 }))
    return client
  }

  /** A heartbeat of the named member with what it knows, changed by `given`; the client takes in the answer. */
  async beat(name: string, given: Partial<HeartbeatEvent> = {}): Promise<HeartbeatAnswer> {
    const client = this.client(name)
    const joins = (given.epoch ?? client.epoch) === 0
    const owned = joins ? noTasks : client.owned
    const answer = await this.streams.heartbeat(groupId, {
      memberId: name,
      epoch: client.epoch,
      endpointEpoch: client.endpointEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: joins ? 30_000 : -1,
      clientId: name,
      clientHost: '/127.0.0.1',
      topology: joins ? topologies['plain']! : null,
      activeTasks: taskIdsOf(owned.active),
      standbyTasks: taskIdsOf(owned.standby),
      warmupTasks: taskIdsOf(owned.warmup),
      processId: joins ? name : null,
      userEndpoint: null,
      clientTags: joins ? [] : null,
      taskOffsets: null,
      taskEndOffsets: null,
      shutdownApplication: false,
      version: 1,
      ...given,
    })
    if (answer.error === 'NONE') {
      client.epoch = Math.max(0, answer.epoch)
      client.endpointEpoch = answer.endpointEpoch
      if (answer.tasks) client.owned = answer.tasks
      if (answer.epoch < 0) client.owned = noTasks
    } else if (answer.error === 'FENCED_MEMBER_EPOCH' || answer.error === 'UNKNOWN_MEMBER_ID' || answer.error === 'GROUP_ID_NOT_FOUND') {
      Object.assign(client, { epoch: 0, owned: noTasks })
    }
    return answer
  }
}

/** Lets every promise that can settle do so. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((settled) => setImmediate(settled))
}
