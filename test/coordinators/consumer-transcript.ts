// Plays a transcript of one consumer group (KIP-848), as transcript.ts does for classic ones. Members say what they know: their epoch and what they own come from the
// answers that they had, unless the command says otherwise (`epoch=3`, `owns=t:0.1`, `owns=-` for not saying, `owns=none`).

import { ManualClock } from '../../src/clock.ts'
import { loadRegexes } from '../../src/coordinators/group/consumer/regex.ts'
import type { MigrationPolicy } from '../../src/coordinators/group/consumer/world.ts'
import type { Verb, Verbs } from '../../src/coordinators/group/events.ts'
import { type Asked, createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { nothing, type Spread, spreadOf } from '../../src/coordinators/group/spread.ts'
import { seededRandom } from '../../src/random.ts'
import { commandOf, playWith, rowsWritten } from './played.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

const groupId = 'g'

interface Client {
  epoch: number
  /** What it was last assigned; it lets go of the rest when it is told. */
  owned: Spread
  instanceId: string | null
}

/** The transcript with its answers as this code gives them. */
export const playConsumer = (text: string): Promise<string> => playWith(new ConsumerPlayer(), text)

export class ConsumerPlayer {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  readonly configs = new Map<string, string>()
  readonly clients = new Map<string, Client>()
  readonly random = seededRandom(1)
  migrationPolicy: MigrationPolicy = 'bidirectional'
  groups!: Groups
  said: string[] = []

  async start(): Promise<void> {
    // Loading takes as long as it takes; the answers below are awaited by turns.
    await loadRegexes()
    const { store, clock, topics, settings, random } = this
    const onError = (error: unknown): void => void this.said.push(`! ${error}`)
    this.groups = await createGroups({
      store,
      clock,
      topics,
      settings,
      random,
      groupConfigs: () => this.configs,
      migrationPolicy: () => this.migrationPolicy,
      onError,
    })
  }

  close(): void {
    this.groups.close()
  }

  async run(line: string): Promise<string[]> {
    this.said = []
    const { command, plain, words } = commandOf(line)
    this.store.written = []
    await this.command(command, plain, words)
    for (let turn = 0; turn < 8; turn++) await new Promise((settled) => setImmediate(settled))
    this.said.push(...rowsWritten(this.store))
    return this.said
  }

  command(command: string, plain: string[], words: Map<string, string>): unknown {
    const who = plain[0] ?? ''
    switch (command) {
      case 'topic':
        return this.topics.make(who, Number(plain[1]))
      case 'drop':
        return this.topics.drop(who)
      case 'join':
        return this.beat(who, 0, words)
      case 'beat':
        return this.beat(who, Number(words.get('epoch') ?? this.client(who).epoch), words)
      case 'leave':
        return this.beat(who, -1, words)
      case 'away':
        return this.beat(who, -2, words)
      case 'commit': {
        const offsets = [{ topicId: this.topics.id('t'), partition: Number(words.get('partition') ?? 0), offset: 7, leaderEpoch: 0, metadata: null }]
        const generation = Number(words.get('epoch') ?? this.clients.get(who)?.epoch ?? -1)
        const event: Asked<'commit'> = {
          verb: 'commit',
          memberId: who,
          instanceId: null,
          generation,
          tellsUnknownGroup: words.get('v') !== '8',
          expiresMs: null,
          committedMs: null,
          producerId: words.has('producer') ? 1 : null,
          offsets,
        }
        return this.ask(event, ({ error, offsets: errors }) => [error, ...errors].join(' '))
      }
      case 'fetch': {
        const member = who === '' ? { id: null, epoch: -1 } : { id: who, epoch: Number(words.get('epoch') ?? this.clients.get(who)?.epoch ?? 0) }
        const wanted = [{ topicId: this.topics.id('t'), partitions: [0] }]
        return this.ask({ verb: 'fetch', member, wanted }, ({ error, topics }) => `${error} ${topics[0]?.partitions[0]?.row?.[0] ?? 'none'}`)
      }
      case 'offset-delete':
        return this.ask({ verb: 'offset-delete', partitions: [{ topicId: this.topics.id(who), topicName: who, partition: 0 }] }, (told) =>
          [told.error, ...told.partitions].join(' '),
        )
      case 'delete':
        return this.ask({ verb: 'delete' }, ({ error }) => error)
      case 'classic-join':
        return this.classicJoin(who)
      case 'classic-heartbeat':
        return this.ask({ verb: 'heartbeat', memberId: who, instanceId: null, generation: 1 }, ({ error }) => error)
      case 'describe':
        return this.ask({ verb: 'consumer-describe' }, (told) => {
          const members = told.members.map(
            (m) =>
              `\n<   ${m.memberId}${m.isClassic ? ' classic' : ''}${m.instanceId ? `(${m.instanceId})` : ''} epoch=${m.epoch} has ${this.show(m.assigned)} shall ${this.show(m.target)}`,
          )
          return `${told.error} ${told.state} epoch=${told.epoch} assigned=${told.assignmentEpoch} by ${told.assignorName}${members.join('')}`
        })
      case 'list':
        for (const g of this.groups.list()) this.said.push(`< ${g.groupId} ${g.kind} ${g.state} type=${g.protocolType} members=${g.memberCount}`)
        return
      case 'timers': {
        const timers = this.groups.timers(groupId).map(([name, atMs]) => `${name} in ${atMs - this.clock.now()}`)
        return this.said.push(`< ${timers.sort().join(', ') || 'none'}`)
      }
      case 'advance':
        return this.clock.advance(Number(who))
      case 'restart':
        this.groups.close()
        return this.start()
      case 'store':
        this.store.isFull = who === 'full'
        return
      case 'config':
        for (const [name, value] of words) this.configs.set(name, value)
        return
      case 'set':
        for (const [name, value] of words) this.settings.set(name, Number(value))
        return
      case 'policy':
        this.migrationPolicy = who as MigrationPolicy
        return
      default:
        throw new Error(`no such command: ${command}`)
    }
  }

  beat(who: string, epoch: number, words: Map<string, string>): void {
    const client = this.client(who)
    const joins = epoch === 0
    if (words.has('instance')) client.instanceId = words.get('instance')!
    const topics = words.get('topics')
    const names = topics === undefined || topics === 'null' ? null : topics.split(',').filter((name) => name !== '')
    const event: Asked<'consumer-heartbeat'> = {
      verb: 'consumer-heartbeat',
      memberId: words.get('id') ?? who,
      epoch,
      instanceId: client.instanceId,
      rackId: words.get('rack') ?? null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: Number(words.get('rebalance') ?? (joins ? 20_000 : -1)),
      topicNames: joins && topics === undefined && !words.has('regex') ? ['t'] : names,
      topicRegex: words.get('regex') ?? null,
      assignorName: words.get('assignor') ?? null,
      owned: this.owned(client, joins, words.get('owns')),
      bringsMemberId: words.get('v') !== '0',
    }
    this.ask(event, (told) => {
      if (told.error !== 'NONE') return `${who} ${told.error}${told.message === null ? '' : `: ${told.message}`}`
      client.epoch = told.epoch
      if (told.assignment) client.owned = told.assignment
      return `${who} epoch=${told.epoch}${told.assignment ? ` has ${this.show(told.assignment)}` : ''}`
    })
  }

  owned(client: Client, joins: boolean, given: string | undefined): Spread | null {
    if (given === '-') return null
    if (given === 'none' || (joins && given === undefined)) return nothing
    if (given === undefined) return client.owned
    return spreadOf(given.split(',').map((part) => [this.topics.id(part.split(':')[0]!), part.split(':')[1]!.split('.').map(Number)] as const))
  }

  classicJoin(who: string): void {
    const protocols = [{ name: 'range', metadata: Buffer.from('m') }]
    const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 }
    const client = { memberId: '', instanceId: null, clientId: who, clientHost: '/127.0.0.1' }
    const event: Asked<'join'> = {
      verb: 'join',
      ...client,
      ...timeouts,
      protocolType: 'consumer',
      protocols,
      needsMemberId: false,
      canSkipAssignment: true,
    }
    this.ask(event, (told) => `${who} ${told.error} generation=${told.generation}`)
  }

  show(spread: Spread): string {
    return spread.map(([topicId, partitions]) => `${topicId.replace('id-of-', '')}:${partitions.join('.')}`).join(' ') || 'nothing'
  }

  ask<V extends Verb>(event: Asked<V>, tell: (answer: Verbs[V]['answer']) => string): void {
    void this.groups.submit(groupId, event).then(
      (answer) => this.said.push(`< ${tell(answer)}`),
      (error) => this.said.push(`! ${error}`),
    )
  }

  client(name: string): Client {
    let client = this.clients.get(name)
    if (!client) this.clients.set(name, (client = { epoch: 0, owned: nothing, instanceId: null }))
    return client
  }
}
