// Plays a transcript of one group that changes between the classic and the consumer protocol: consumer members as in consumer-transcript.ts, and classic ones (`k-join`,
// `k-sync`, `k-beat`, `k-leave`) that own what they were assigned and say so when they join, as cooperative clients do; `owns=none` is one that lets go first.
import { decodeEnvelope, encodeEnvelope } from '../../protocol/codec.ts'
import { consumerProtocolAssignment } from '../../protocol/messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol-subscription.ts'
import type { Asked } from '../../src/coordinators/group/groups.ts'
import { ConsumerPlayer } from './consumer-transcript.ts'
import { playWith } from './played.ts'

export const playMigration = (text: string): Promise<string> => playWith(new MigrationPlayer(), text)

interface Classic {
  memberId: string
  generation: number
  instanceId: string | null
  topics: string
  /** `t:0.1 u:2`, as it was last assigned. */
  owned: string
}

class MigrationPlayer extends ConsumerPlayer {
  readonly classics = new Map<string, Classic>()

  override async run(line: string): Promise<string[]> {
    const said = await super.run(line)
    // Ids are left to chance; their owners have names.
    const names = [...this.classics].map(([name, { memberId }]) => [memberId, name] as const).filter(([id]) => id !== '')
    return said.map((text) => names.reduce((told, [id, name]) => told.replaceAll(id, name), text))
  }

  override command(command: string, plain: string[], words: Map<string, string>): unknown {
    const who = plain[0] ?? ''
    switch (command) {
      case 'k-join':
        return this.join(who, words)
      case 'k-sync':
        return this.sync(who, words)
      case 'k-beat': {
        const { memberId, instanceId, generation } = this.classic(who)
        const event = { verb: 'heartbeat', memberId, instanceId, generation: Number(words.get('generation') ?? generation) } as const
        return this.ask(event, ({ error }) => `${who} ${error}`)
      }
      case 'k-leave': {
        const members = plain.map((name) => ({ memberId: this.classics.get(name)?.memberId ?? name, instanceId: null }))
        if (words.has('instance')) members.push({ memberId: '', instanceId: words.get('instance') as never })
        return this.ask({ verb: 'leave', members }, ({ error, members: errors }) => [error, ...errors].join(' '))
      }
      case 'k-commit': {
        const { memberId, instanceId, generation } = this.classic(who)
        const offsets = [{ topicId: this.topics.id('t'), partition: 0, offset: 7, leaderEpoch: 0, metadata: null }]
        const plainly = { expiresMs: null, committedMs: null, producerId: null, tellsUnknownGroup: false, offsets }
        const event = { verb: 'commit', memberId, instanceId, generation: Number(words.get('generation') ?? generation), ...plainly } as const
        return this.ask(event, ({ error, offsets: errors }) => [who, error, ...errors].join(' '))
      }
      default:
        return super.command(command, plain, words)
    }
  }

  join(who: string, words: Map<string, string>): void {
    const client = this.classic(who)
    if (words.has('id')) client.memberId = words.get('id') === 'none' ? '' : words.get('id')!
    if (words.has('instance')) client.instanceId = words.get('instance')!
    client.topics = words.get('topics') ?? client.topics
    const owned = words.get('owns') === 'none' ? '' : client.owned
    const metadata = words.has('junk') ? Buffer.from('j') : subscription(client.topics, owned, words.get('rack') ?? null)
    const event: Asked<'join'> = {
      verb: 'join',
      memberId: client.memberId,
      instanceId: client.instanceId,
      clientId: who,
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: Number(words.get('session') ?? 10_000),
      rebalanceTimeoutMs: Number(words.get('rebalance') ?? 30_000),
      protocolType: words.get('type') ?? 'consumer',
      protocols: (words.get('protocols') ?? 'range').split(',').map((name) => ({ name, metadata })),
      needsMemberId: words.get('v') !== '3',
      canSkipAssignment: true,
    }
    this.ask(event, (told) => {
      client.memberId = told.memberId
      if (told.error !== 'NONE') return `${who} ${told.error}`
      client.generation = told.generation
      const members = told.members.map(({ memberId }) => memberId).join(',')
      return `${who} generation=${told.generation} protocol=${told.protocolName} leader=${told.leader || 'nobody'}${members ? ` members=${members}` : ''}`
    })
  }

  sync(who: string, words: Map<string, string>): void {
    const { memberId, instanceId, generation } = this.classic(who)
    // k=t:0.1,j=t:2.3 as `assign=k/t:0.1,j/t:2.3`
    const assignments = (words.get('assign') ?? '')
      .split(',')
      .filter((part) => part !== '')
      .map((part) => ({ memberId: this.classic(part.split('/')[0]!).memberId, assignment: assigned(part.split('/')[1]!, words.has('custom')) }))
    const event: Asked<'sync'> = {
      verb: 'sync',
      memberId,
      instanceId,
      generation,
      protocolType: 'consumer',
      protocolName: words.get('protocol') ?? 'range',
      assignments,
    }
    this.ask(event, (told) => {
      if (told.error !== 'NONE') return `${who} ${told.error}`
      const { assignedPartitions } =
        told.assignment.length === 0 ? { assignedPartitions: [] } : decodeEnvelope(consumerProtocolAssignment, told.assignment)
      this.classic(who).owned = assignedPartitions.map(({ topic, partitions }) => `${topic}:${partitions.join('.')}`).join(' ')
      return `${who} has ${this.classic(who).owned || 'nothing'}`
    })
  }

  classic(name: string): Classic {
    let client = this.classics.get(name)
    if (!client) this.classics.set(name, (client = { memberId: '', generation: -1, instanceId: null, topics: 't', owned: '' }))
    return client
  }
}

const partitionsIn = (text: string): { topic: string; partitions: number[] }[] =>
  text
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => ({ topic: part.split(':')[0]!, partitions: part.split(':')[1]!.split('.').map(Number) }))

const subscription = (topics: string, owned: string, rackId: string | null): Buffer =>
  encodeEnvelope(consumerProtocolSubscription, 3, { topics: topics.split('+'), ownedPartitions: partitionsIn(owned), generationId: 1, rackId })

const assigned = (text: string, isCustom: boolean): Buffer =>
  encodeEnvelope(consumerProtocolAssignment, 1, {
    assignedPartitions: partitionsIn(text.replaceAll('+', ' ')),
    userData: isCustom ? Buffer.from('x') : null,
  })
