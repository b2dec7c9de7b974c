// Plays a transcript of one group: commands (lines with `>`) go in, and what comes out (`<` answers, `=` rows stored, `!` errors) is written below each.
// The text that comes back is compared with the file, or replaces it. Member ids are shown as the client's name and a number: `a#1`.

import { ManualClock } from '../../src/clock.ts'
import type { Verb, Verbs } from '../../src/coordinators/group/events.ts'
import type { Asked } from '../../src/coordinators/group/groups.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { seededRandom } from '../../src/random.ts'
import { commandOf, playWith, rowsWritten } from './played.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

const groupId = 'g'

interface Client {
  memberId: string
  generation: number
  /** The last join's particulars, for the next one. */
  words: Map<string, string>
}

/** The transcript with its answers as this code gives them. */
export const play = (text: string): Promise<string> => playWith(new Player(), text)

class Player {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  readonly clients = new Map<string, Client>()
  readonly names = new Map<string, string>()
  readonly counts = new Map<string, number>()
  readonly random = seededRandom(1)
  groups!: Groups
  said: string[] = []

  async start(): Promise<void> {
    const { store, clock, topics, settings, random } = this
    this.groups = await createGroups({ store, clock, topics, settings, random, onError: (error) => this.said.push(`! ${error}`) })
  }

  close(): void {
    this.groups.close()
  }

  async run(line: string): Promise<string[]> {
    this.said = []
    const { command, plain, words } = commandOf(line)
    this.store.written = []
    await this.command(command, plain, words)
    await quiet()
    this.said.push(...rowsWritten(this.store))
    return this.said.map((said) => this.named(said))
  }

  async command(command: string, plain: string[], words: Map<string, string>): Promise<void> {
    const who = plain[0] ?? ''
    switch (command) {
      case 'join':
        return this.join(who, words)
      case 'sync':
        return this.sync(who, words)
      case 'heartbeat':
        return this.ask(who, { verb: 'heartbeat', ...this.identity(who, words) }, ({ error }) => error)
      case 'leave':
        return this.leave(plain, words)
      case 'commit':
        return this.commit(who, words)
      case 'fetch':
        return this.fetch(plain)
      case 'offset-delete': {
        const partitions = plain.map((at) => ({
          topicId: this.topics.id(at.split(':')[0]!),
          topicName: at.split(':')[0]!,
          partition: Number(at.split(':')[1]),
        }))
        return this.ask('', { verb: 'offset-delete', partitions }, ({ error, partitions: errors }) => [error, ...errors].join(' '))
      }
      case 'delete':
        return this.ask('', { verb: 'delete' }, ({ error }) => error)
      case 'describe':
        return this.ask('', { verb: 'describe' }, (told) => {
          const members = told.members.map((m) => `${m.memberId}${m.instanceId ? `(${m.instanceId})` : ''}[${m.metadata}]=${m.assignment}`)
          return `${told.error} ${told.state} type=${told.protocolType} protocol=${told.protocolName} ${members.join(' ')}`.trimEnd()
        })
      case 'list':
        for (const g of this.groups.list()) this.said.push(`< ${g.groupId} ${g.state} type=${g.protocolType} members=${g.memberCount}`)
        return
      case 'timers': {
        const timers = this.groups.timers(groupId).map(([name, atMs]) => `${name} in ${atMs - this.clock.now()}`)
        this.said.push(`< ${timers.sort().join(', ') || 'none'}`)
        return
      }
      case 'advance':
        return this.clock.advance(Number(who))
      case 'restart':
        this.groups.close()
        return this.start()
      case 'store':
        this.store.isFull = who === 'full'
        return
      case 'drop':
        return this.topics.drop(who)
      case 'set':
        for (const [name, value] of words) this.settings.set(name, Number(value))
        return
      default:
        throw new Error(`no such command: ${command}`)
    }
  }

  join(who: string, given: Map<string, string>): void {
    const client = this.client(who)
    for (const [word, value] of given) client.words.set(word, value)
    if (given.has('id')) client.memberId = given.get('id') === 'none' ? '' : this.unnamed(given.get('id')!)
    client.words.delete('id')
    const words = client.words
    const version = Number(words.get('v') ?? 9)
    const session = Number(words.get('session') ?? 10_000)
    const protocols = (words.get('protocols') ?? 'range').split(',').filter((offer) => offer !== '')
    const event: Asked<'join'> = {
      verb: 'join',
      memberId: client.memberId,
      instanceId: words.get('instance') ?? null,
      clientId: who,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: session,
      rebalanceTimeoutMs: Number(words.get('rebalance') ?? session),
      protocolType: words.get('type') ?? 'consumer',
      protocols: protocols.map((offer) => ({ name: offer.split(':')[0]!, metadata: metadata(offer.split(':')[1], words.get('topics')) })),
      needsMemberId: version >= 4,
      canSkipAssignment: version >= 9,
    }
    this.ask(who, event, (told) => {
      if (told.memberId !== '') client.memberId = told.memberId
      if (told.error === 'UNKNOWN_MEMBER_ID') client.memberId = ''
      if (told.error !== 'NONE') return `${told.error} id=${told.memberId}`
      client.generation = told.generation
      const members = told.members.map((m) => m.memberId).join(',')
      const skips = told.skipAssignment ? ' skip-assignment' : ''
      return `joined generation=${told.generation} protocol=${told.protocolName} leader=${told.leader} id=${told.memberId}${members ? ` members=${members}` : ''}${skips}`
    })
  }

  sync(who: string, words: Map<string, string>): void {
    const assignments = (words.get('assign') ?? '')
      .split(',')
      .filter((part) => part !== '')
      .map((part) => ({ memberId: this.memberId(part.split(':')[0]!), assignment: Buffer.from(part.split(':')[1]!) }))
    const event: Asked<'sync'> = {
      verb: 'sync',
      ...this.identity(who, words),
      protocolType: words.get('type') ?? null,
      protocolName: words.get('protocol') ?? null,
      assignments,
    }
    this.ask(who, event, (told) => (told.error === 'NONE' ? `assigned ${Buffer.from(told.assignment)} (${told.protocolName})` : told.error))
  }

  leave(plain: string[], words: Map<string, string>): void {
    const instances = (words.get('instances') ?? '').split(',').filter((id) => id !== '')
    const members = [
      ...plain.map((who) => ({ memberId: this.memberId(who), instanceId: null })),
      ...instances.map((instanceId) => ({ memberId: '', instanceId })),
    ]
    this.ask(plain.join(','), { verb: 'leave', members }, ({ error, members: errors }) => [error, ...errors].join(' '))
  }

  commit(who: string, words: Map<string, string>): void {
    const identity = who === '' ? { memberId: '', instanceId: null, generation: -1 } : this.identity(who, words)
    const offsets = [...words]
      .filter(([word]) => word.includes(':'))
      .map(([at, value]) => {
        const [topic = '', partition] = at.split(':')
        const [offset, note] = value.split('/')
        const text = note === 'long' ? 'x'.repeat(5000) : (note ?? null)
        return { topicId: this.topics.id(topic), partition: Number(partition), offset: Number(offset), leaderEpoch: 0, metadata: text }
      })
    const expires = words.get('expires')
    const expiresMs = expires === undefined ? null : this.clock.now() + Number(expires)
    const event: Asked<'commit'> = {
      verb: 'commit',
      ...identity,
      tellsUnknownGroup: words.get('v') !== '8',
      expiresMs,
      committedMs: null,
      producerId: null,
      offsets,
    }
    this.ask(who, event, ({ error, offsets: errors }) => [error, ...errors].join(' '))
  }

  fetch(plain: string[]): void {
    const wanted =
      plain[0] === 'all' ? null : plain.map((at) => ({ topicId: this.topics.id(at.split(':')[0]!), partitions: [Number(at.split(':')[1])] }))
    this.ask('', { verb: 'fetch', wanted }, ({ error, topics }) => {
      const offsets = topics.flatMap(({ topicId, partitions }) =>
        partitions.map(
          ({ partition, row }) =>
            `${this.topics.byId(topicId)?.name ?? '(gone)'}:${partition}=${row ? `${row[0]}${row[2] && `/${row[2]}`}` : 'none'}`,
        ),
      )
      return [error, ...offsets].join(' ')
    })
  }

  identity(who: string, words: Map<string, string>): { memberId: string; instanceId: string | null; generation: number } {
    const client = this.client(who)
    const memberId = words.has('id') ? this.unnamed(words.get('id')!) : client.memberId
    const generation = Number(words.get('generation') ?? client.generation)
    return { memberId, instanceId: client.words.get('instance') ?? null, generation }
  }

  ask<V extends Verb>(who: string, event: Asked<V>, tell: (answer: Verbs[V]['answer']) => string): void {
    void this.groups.submit(groupId, event).then(
      (answer) => this.said.push(`< ${who ? `${who} ` : ''}${tell(answer)}`),
      (error) => this.said.push(`! ${who} ${error}`),
    )
  }

  client(name: string): Client {
    let client = this.clients.get(name)
    if (!client) this.clients.set(name, (client = { memberId: '', generation: -1, words: new Map() }))
    return client
  }

  memberId(who: string): string {
    return who.includes('#') ? this.unnamed(who) : this.client(who).memberId
  }

  /** `a#1` to the id that it stands for; other text as it is. */
  unnamed(name: string): string {
    for (const [id, known] of this.names) if (known === name) return id
    return name
  }

  named(text: string): string {
    return text.replace(/(\w+)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, (id, prefix: string) => {
      const known = this.names.get(id)
      if (known) return known
      const count = (this.counts.get(prefix) ?? 0) + 1
      this.counts.set(prefix, count)
      this.names.set(id, `${prefix}#${count}`)
      return `${prefix}#${count}`
    })
  }
}

/** Metadata as consumers send it where topics are given, else any text. */
function metadata(text: string | undefined, topics: string | undefined): Buffer {
  if (topics === undefined) return Buffer.from(text ?? '')
  const names = topics.split('+').filter((name) => name !== '')
  const head = Buffer.alloc(6)
  head.writeInt32BE(names.length, 2)
  const parts = names.flatMap((name) => [Buffer.from([0, name.length]), Buffer.from(name)])
  return Buffer.concat([head, ...parts, Buffer.from([255, 255, 255, 255])])
}

/** Lets every promise that can settle do so. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((settled) => setImmediate(settled))
}
