// Plays a transcript of one streams group (KIP-1071), as transcript.ts does for classic ones. Members own what they were told; `owns=-` leaves that out, `epoch=` and
// `topology=` say something else than they would.
import type { HeartbeatAnswer, HeartbeatEvent } from '../../src/coordinators/streams/events.ts'
import { type TaskKey, type Tasks, taskIdsOf } from '../../src/coordinators/streams/tasks.ts'
import { commandOf, playWith, rowsWritten } from './played.ts'
import { groupId, quiet, StreamsRig, topologies } from './streams-world.ts'

/** The transcript with its answers as this code gives them. */
export const playStreams = (text: string): Promise<string> => playWith(new Player(), text)

class Player {
  readonly rig = new StreamsRig()

  start(): Promise<void> {
    return this.rig.start()
  }

  close(): void {
    this.rig.stop()
  }

  async run(line: string): Promise<string[]> {
    const { rig } = this
    const { command, plain, words } = commandOf(line)
    rig.store.written = []
    const topicsBefore = new Map(rig.topics.counts)
    const said = await this.command(command, plain, words)
    await quiet()
    if (command !== 'topic') {
      for (const [name, count] of rig.topics.counts) {
        const configs = Object.entries(rig.topics.configs.get(name) ?? {}).map(([key, value]) => `${key}=${value}`)
        if (!topicsBefore.has(name)) said.unshift(`+ topic ${name} partitions=${count} ${configs.join(' ')}`.trimEnd())
      }
    }
    said.push(...rowsWritten(rig.store))
    for (const error of rig.errors.splice(0)) said.push(`! ${error}`)
    return said
  }

  async command(command: string, plain: string[], words: Map<string, string>): Promise<string[]> {
    const { rig } = this
    const who = plain[0] ?? ''
    switch (command) {
      case 'join':
        return [`< ${who} ${told(await rig.beat(who, { epoch: 0, ...given(words), topology: topologies[words.get('topology') ?? 'plain']! }))}`]
      case 'beat':
        return [`< ${who} ${told(await rig.beat(who, given(words)))}`]
      case 'leave':
        return [`< ${who} ${told(await rig.beat(who, { epoch: -1, ...given(words) }))}`]
      case 'commit':
        return [`< ${await this.commit(who, words)}`]
      case 'fetch': {
        const client = rig.client(who)
        const member = { id: who, epoch: Number(words.get('epoch') ?? client.epoch) }
        const answer = await rig.groups.submit(groupId, { verb: 'fetch', wanted: null, member })
        const rows = answer.topics.flatMap(({ topicId, partitions }) => partitions.map(({ partition, row }) => `${topicId}:${partition}=${row?.[0]}`))
        return [`< ${[answer.error, ...rows].join(' ')}`]
      }
      case 'classic-join': {
        const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
        const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
        const client = { memberId: '', instanceId: null, clientId: who, clientHost: '/127.0.0.1', needsMemberId: false, canSkipAssignment: false }
        const answer = await rig.groups.submit(groupId, { verb: 'join', ...client, ...timeouts, protocolType: 'consumer', protocols })
        return [`< ${who} ${answer.error}`]
      }
      case 'classic-describe':
        return [`< ${(await rig.groups.submit(groupId, { verb: 'describe' })).error}`]
      case 'delete':
        return [`< ${(await rig.groups.submit(groupId, { verb: 'delete' })).error}`]
      case 'offset-delete': {
        const partitions = plain.map((topicName) => ({ topicName, topicId: rig.topics.id(topicName), partition: 0 }))
        const answer = await rig.groups.submit(groupId, { verb: 'offset-delete', partitions })
        return [`< ${[answer.error, ...answer.partitions].join(' ')}`]
      }
      case 'list':
        return rig.groups.list().map((group) => `< ${group.groupId} ${group.kind} ${group.state} members=${group.memberCount}`)
      case 'describe':
        return this.describe()
      case 'timers': {
        const timers = rig.streams.timers(groupId).map(([name, atMs]) => `${name} in ${atMs - rig.clock.now()}`)
        return [`< ${timers.sort().join(', ') || 'none'}`]
      }
      case 'topic':
        if (plain[1] === 'gone') rig.topics.drop(who)
        else rig.topics.make(who, Number(plain[1]))
        return []
      case 'refuse':
        rig.topics.refuses = new Set(plain)
        return []
      case 'advance':
        await rig.clock.advance(Number(who))
        return []
      case 'rack-tags':
        rig.rackTags = plain
        return []
      case 'descriptions':
        rig.keepsDescriptions = who === 'on'
        return []
      case 'push': {
        const node = {
          name: words.get('node') ?? 'n',
          nodeType: Number(words.get('type') ?? 1),
          sourceTopics: ['in', 'in'],
          sinkTopic: 'out',
          stores: ['s'],
        }
        const chars = Number(words.get('chars') ?? 0)
        const subtopologies = [{ subtopologyId: '0', nodes: [{ ...node, successors: ['x'.repeat(chars)] }] }]
        const description = { subtopologies, globalStores: [] }
        const { error, message } = await rig.streams.describeTopology(groupId, {
          memberId: who,
          topologyEpoch: Number(words.get('epoch') ?? 0),
          description,
        })
        return [`< ${[error, message].filter(Boolean).join(' ')}`]
      }
      case 'described':
        return [`< ${JSON.stringify(await rig.streams.description(groupId)) ?? 'nothing'}`]
      case 'restart':
        await rig.restart()
        return []
      case 'store':
        rig.store.isFull = who === 'full'
        return []
      case 'set':
        for (const [name, value] of words) rig.settings.set(name, Number(value))
        return []
      default:
        throw new Error(`no such command: ${command}`)
    }
  }

  async commit(who: string, words: Map<string, string>): Promise<string> {
    const { rig } = this
    const generation = Number(words.get('epoch') ?? (who === '' ? -1 : rig.client(who).epoch))
    const offsets = [...words]
      .filter(([word]) => word.includes(':'))
      .map(([at, offset]) => ({
        topicId: rig.topics.id(at.split(':')[0]!),
        partition: Number(at.split(':')[1]),
        offset: Number(offset),
        leaderEpoch: 0,
        metadata: null,
      }))
    const producerId = words.has('producer') ? Number(words.get('producer')) : null
    const member = { memberId: who, instanceId: null, generation, tellsUnknownGroup: words.get('v') !== '8' }
    const answer = await rig.groups.submit(groupId, { verb: 'commit', ...member, expiresMs: null, committedMs: null, producerId, offsets })
    return [answer.error, ...answer.offsets].join(' ')
  }

  describe(): string[] {
    const told = this.rig.streams.describe(groupId)
    if (!told) return ['< GROUP_ID_NOT_FOUND']
    const subtopologies = told.subtopologies?.map(({ subtopologyId, repartitionSourceTopics, stateChangelogTopics }) => {
      const internal = [...repartitionSourceTopics, ...stateChangelogTopics].map(({ name, partitions }) => `${name}:${partitions}`)
      return `${subtopologyId}(${internal.join(' ')})`
    })
    return [
      `< ${told.state} epoch=${told.epoch} assignment=${told.assignmentEpoch} topology=${told.topologyEpoch} ${subtopologies?.join(' ') ?? 'not configured'}`,
      ...told.members.map(
        (m) => `< ${m.id} epoch=${m.epoch} ${m.phase} has ${shown(m.assigned)} revokes ${shown(m.revoking)} shall have ${shown(m.target)}`,
      ),
    ]
  }
}

function given(words: Map<string, string>): Partial<HeartbeatEvent> {
  const event: { -readonly [K in keyof HeartbeatEvent]?: HeartbeatEvent[K] } = {}
  const text = (word: string, use: (value: string) => void): void => {
    const value = words.get(word)
    if (value !== undefined) use(value)
  }
  text('epoch', (value) => (event.epoch = Number(value)))
  text('process', (value) => (event.processId = value))
  text('endpoint', (value) => (event.userEndpoint = { host: value.split(':')[0]!, port: Number(value.split(':')[1]) }))
  text('tags', (value) => (event.clientTags = value.split('+').map((key) => ({ key, value: 'x' }))))
  text('rack', (value) => (event.rackId = value))
  text('progress', (value) => (event.taskOffsets = value.split('+').map((at) => ({ subtopologyId: '0', partition: Number(at), offset: 1 }))))
  text('instance', (value) => (event.instanceId = value))
  text('topology', (value) => (event.topology = topologies[value]!))
  text('version', (value) => (event.version = Number(value)))
  text('shutdown', () => (event.shutdownApplication = true))
  text('owns', (value) => {
    const tasks = value === '-' ? null : taskIdsOf(value === 'none' ? [] : value.split('+'))
    Object.assign(event, { activeTasks: tasks, standbyTasks: tasks && [], warmupTasks: tasks && [] })
  })
  return event
}

function told(answer: HeartbeatAnswer): string {
  if (answer.error !== 'NONE') return `${answer.error} ${answer.message ?? ''}`.trimEnd()
  const parts = [`epoch=${answer.epoch}`]
  if (answer.tasks) parts.push(`tasks ${shown(answer.tasks)}`)
  for (const { statusCode, statusDetail } of answer.status) parts.push(`status ${statusCode} (${statusDetail})`)
  if (answer.wantsDescription) parts.push('describe!')
  if (answer.endpoints) {
    const at = answer.endpoints.map(({ userEndpoint, activePartitions }) => {
      const partitions = activePartitions.map(({ topic, partitions: indexes }) => `${topic}:${indexes.join(',')}`)
      return `${userEndpoint.host}:${userEndpoint.port}[${partitions.join(' ')}]`
    })
    parts.push(`endpoints@${answer.endpointEpoch} ${at.join(' ')}`)
  }
  return parts.join(' ')
}

const shown = ({ active, standby, warmup }: Tasks): string => {
  const list = (name: string, keys: readonly TaskKey[]): string => (keys.length > 0 ? ` ${name}:${keys.join(',')}` : '')
  return `[${active.join(',')}${list('standby', standby)}${list('warmup', warmup)}]`
}
