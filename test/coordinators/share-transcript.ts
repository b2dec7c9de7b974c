// Plays a transcript of share group `g` on topic `t`: commands (lines with `>`) go in, and what comes out (`<` answers, `=` rows stored, `!` errors, `~` partitions of which
// records became available, `+` dead letters) is written below each. The text that comes back is compared with the file, or replaces it.
import { ManualClock } from '../../src/clock.ts'
import type { ShareGroup } from '../../src/coordinators/share/group-coordinator.ts'
import type { Acknowledgement } from '../../src/coordinators/share/partition-state.ts'
import { createShareGroups, type ShareGroupConfigs, type ShareGroups, type ShareTopics } from '../../src/coordinators/share/share-groups.ts'
import { playWith, rowsWritten } from './played.ts'
import { FakeStore } from './world.ts'

const groupId = 'g'

/** Told where an assignment has to wait. */
const behind = ({ target, epoch, assignmentEpoch }: ShareGroup): string => (target && assignmentEpoch < epoch ? ` assigned=${assignmentEpoch}` : '')

/** The transcript with its answers as this code gives them. */
export const playShare = (text: string): Promise<string> => playWith(new Player(), text)

class Topics implements ShareTopics {
  readonly topics = new Map([['t', { id: 't', partitions: { length: 1 } }]])
  readonly listeners: Parameters<ShareTopics['onChange']>[0][] = []

  get(name: string) {
    return this.topics.get(name)
  }

  onChange(listener: Parameters<ShareTopics['onChange']>[0]): void {
    this.listeners.push(listener)
  }

  set(name: string, partitions: number): void {
    const before = this.topics.get(name)
    if (partitions === 0) this.topics.delete(name)
    else this.topics.set(name, { id: name, partitions: { length: partitions } })
    const kind = partitions === 0 ? 'deleted' : before ? 'partitions' : 'created'
    for (const listener of this.listeners) listener({ kind, topic: { id: name } })
  }
}

class Player {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new Topics()
  readonly epochs = new Map<string, number>()
  configs: ShareGroupConfigs = {
    sessionMs: 45_000,
    sizeMax: 3,
    assignmentIntervalMs: 0,
    lockMs: 30_000,
    deliveryCountLimit: 3,
    inFlightMax: 10,
    mayRenew: true,
  }
  /** Can dead letters be written? */
  letters: 'taken' | 'held' = 'taken'
  /** Records of t:0 so far. */
  end = 0
  shares!: ShareGroups
  said: string[] = []

  async start(): Promise<void> {
    const { store, clock, topics } = this
    this.shares = await createShareGroups({
      store,
      clock,
      topics,
      configsOf: () => this.configs,
      isOtherKind: () => false,
      onAvailable: (topicId, partition) => this.said.push(`~ ${topicId}:${partition}`),
      writeDeadLetters: async (_place, { first, last, state, deliveryCount }) => {
        if (this.letters === 'held') return false
        this.said.push(`+ ${first}-${last}:${state}x${deliveryCount}`)
        return true
      },
      onError: (error) => this.said.push(`! ${error}`),
    })
  }

  close(): void {
    this.shares.close()
  }

  async run(line: string): Promise<string[]> {
    this.said = []
    this.store.written = []
    const [command = '', ...words] = line.split(/\s+/)
    await this.command(command, words)
    await quiet()
    this.said.push(...rowsWritten(this.store))
    return this.said
  }

  async command(command: string, words: string[]): Promise<void> {
    const [who = '', ...rest] = words
    switch (command) {
      case 'join':
        return this.heartbeat(who, 0, rest.length > 0 ? rest : ['t'])
      case 'heartbeat': {
        const given = rest.find((word) => word.startsWith('epoch='))
        const topics = rest.filter((word) => !word.includes('='))
        return this.heartbeat(who, given ? Number(given.slice(6)) : (this.epochs.get(who) ?? 0), topics.length > 0 ? topics : null)
      }
      case 'leave':
        return this.heartbeat(who, -1, null)
      case 'describe': {
        const { error, group } = await this.shares.describe(groupId)
        const members = [...(group?.members.values() ?? [])].map((m) => `${m.id}@${m.epoch}=${spell(m.assigned)}`)
        this.said.push(`< ${error}${group ? ` epoch=${group.epoch}${behind(group)}` : ''} ${members.join(' ')}`.trimEnd())
        return
      }
      case 'delete':
        this.said.push(`< ${(await this.shares.delete(groupId)).error}`)
        return
      case 'produce':
        this.end += Number(who)
        return
      case 'begin':
        return this.tell(await this.shares.ask(groupId, 't', 0, { verb: 'begin', offset: Number(who) }))
      case 'place':
        return this.tell(await this.shares.ask(groupId, 't', 0, { verb: 'place', offset: Number(who) }))
      case 'acquire':
        return this.acquire(who, Number(rest[0] ?? 500))
      case 'release':
        return this.tell(await this.shares.ask(groupId, 't', 0, { verb: 'release', owner: who }))
      case 'state':
        return this.state()
      case 'timers':
        for (const [name, atMs] of [...this.shares.timers(groupId), ...this.shares.timers(groupId, 't')])
          this.said.push(`< ${name} in ${atMs - this.clock.now()}`)
        return
      case 'advance':
        return this.clock.advance(Number(who))
      case 'restart':
        this.shares.close()
        await this.start()
        return this.clock.advance(10)
      case 'store':
        this.store.isFull = who === 'full'
        return
      case 'letters':
        this.letters = who as 'taken' | 'held'
        return
      case 'topic':
        return this.topics.set(who, Number(rest[0]))
      case 'set':
        for (const word of words) this.configs = { ...this.configs, [word.split('=')[0]!]: JSON.parse(word.split('=')[1]!) }
        return
      default:
        return this.acknowledge(command as Acknowledgement, who, rest)
    }
  }

  async heartbeat(memberId: string, epoch: number, topicNames: string[] | null): Promise<void> {
    const told = await this.shares.heartbeat(groupId, { memberId, epoch, rackId: null, clientId: memberId, clientHost: '/h', topicNames })
    if (told.error === 'NONE') this.epochs.set(memberId, told.memberEpoch)
    this.said.push(`< ${told.error} epoch=${told.memberEpoch}${told.assigned ? ` ${spell(told.assigned)}` : ''}`)
  }

  /** Each record of the log is a batch by itself. */
  async acquire(owner: string, recordsMax: number): Promise<void> {
    const batches = Array.from({ length: this.end }, (_, offset) => ({ first: offset, last: offset, deliverable: true }))
    const event = { verb: 'acquire', owner, logStartOffset: 0, recordsMax, strict: false, batchSize: 500, readFrom: 0, batches } as const
    const { error, acquired } = await this.shares.ask(groupId, 't', 0, event)
    const ranges = acquired.map(({ first, last, deliveryCount }) => `${first}-${last}x${deliveryCount}`)
    this.said.push(`< ${error} ${ranges.join(' ')}`.trimEnd())
  }

  /** `accept m1 0-3 5-5` */
  async acknowledge(type: Acknowledgement | 'give-back', owner: string, spelled: string[]): Promise<void> {
    const named = type === 'give-back' ? 'release' : type
    if (!['accept', 'release', 'reject', 'renew', 'gap'].includes(named)) throw new Error(`no such command: ${type}`)
    const ranges = spelled.map((range) => ({ first: Number(range.split('-')[0]), last: Number(range.split('-')[1]), types: [named] }))
    this.tell(await this.shares.ask(groupId, 't', 0, { verb: 'acknowledge', owner, ranges }))
  }

  async state(): Promise<void> {
    const state = await this.shares.position(groupId, 't', 0)
    const runs = state?.runs.map((run) => `${run.first}-${run.last}:${run.state}${run.owner && `(${run.owner})`}x${run.deliveryCount}`)
    this.said.push(state ? `< start=${state.startOffset} end=${state.endOffset} ${runs!.join(' ')}`.trimEnd() : '< none')
  }

  tell({ error }: { error: string }): void {
    this.said.push(`< ${error}`)
  }
}

const spell = (assigned: ReadonlyMap<string, readonly number[]>): string =>
  `[${[...assigned].flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}:${partition}`)).join(',')}]`

/** Lets every promise that can settle do so. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((settled) => setImmediate(settled))
}
