// Random histories of a share group: members that come, go and fall silent, records handed out, settled and given up, topics that grow and go, restarts, a dead letter
// queue that is closed now and then, and a disk that is full. Whatever happened: what a restart reads back is what is alive, nobody is handed what another holds or what
// was accepted, and in the end every record was accepted or told of in the dead letter queue.
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ShareGroup } from '../../src/coordinators/share/group-coordinator.ts'
import { type Acknowledgement, isGivenUp, type SharePartitionState, unheld } from '../../src/coordinators/share/partition-state.ts'
import { createShareGroups, type ShareGroups, type ShareGroupsOptions } from '../../src/coordinators/share/share-groups.ts'
import { type Random, seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics } from './world.ts'

const groupId = 'g'
const topicId = 'id-of-t'
const lockMs = 3000
const configs = {
  sessionMs: 9000,
  sizeMax: 4,
  assignmentIntervalMs: 2000,
  lockMs,
  deliveryCountLimit: 3,
  inFlightMax: 10,
  mayRenew: true,
  givenUp: 'spent',
} as const
const names = ['m0', 'm1', 'm2', 'm3', 'm4'] as const

/** Lets every promise that can settle do so. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((settled) => setImmediate(settled))
}

class History {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly random: Random
  readonly epochs = new Map<string, number>()
  /** Who holds a record, and until when. */
  readonly held = new Map<number, { owner: string; untilMs: number }>()
  readonly accepted = new Set<number>()
  readonly letters = new Set<number>()
  readonly errors: unknown[] = []
  areLettersTaken = true
  /** Where the group stood when that was last stored: who is handed records after it is not. */
  stored: SharePartitionState | null = null
  end = 0
  shares!: ShareGroups

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.topics.make('t', 2)
  }

  open(more: Partial<ShareGroupsOptions> = {}): Promise<ShareGroups> {
    const { store, clock, topics } = this
    return createShareGroups({
      store,
      clock,
      topics,
      configsOf: () => configs,
      isOtherKind: () => false,
      // Told with every record that was stored.
      onAvailable: (topic, partition) => {
        if (topic === topicId && partition === 0) this.stored = this.shares.peek(groupId, topicId, 0)
      },
      writeDeadLetters: async (_, { first, last }) => {
        if (!this.areLettersTaken || store.isFull) return false
        for (let offset = first; offset <= last; offset++) this.letters.add(offset)
        return true
      },
      onError: (error) => this.errors.push(error),
      ...more,
    })
  }

  pick<T>(of: readonly T[]): T {
    return of[this.random.integer(of.length)]!
  }

  async step(): Promise<void> {
    const who = this.pick(names)
    switch (this.random.integer(17)) {
      case 0:
      case 1:
        return this.heartbeat(who, 0, this.pick([['t'], ['t', 'u'], ['u']]))
      case 2:
        return this.heartbeat(who, this.epochs.get(who) ?? 0, null)
      case 3:
        return this.heartbeat(who, this.pick([-1, -1, 1, 3, 9]), null)
      case 4:
      case 5:
      case 6:
        return this.acquire(who, 1 + this.random.integer(6))
      case 7:
      case 8:
      case 9:
        return this.acknowledge(who)
      case 10:
        return this.release(who)
      case 11:
        this.end += this.random.integer(5)
        return
      case 12:
        return this.clock.advance(this.random.integer(4000))
      case 13:
        this.store.isFull = this.random.integer(2) === 0
        return
      case 14:
        this.areLettersTaken = this.random.integer(2) === 0
        return
      case 15:
        if (this.random.integer(2) === 0) this.topics.make(this.pick(['t', 'u', 'u']), 2 + this.random.integer(3))
        else this.topics.drop('u')
        return
      default:
        return this.restart()
    }
  }

  async restart(): Promise<void> {
    this.shares.close()
    this.held.clear()
    this.shares = await this.open()
    await this.clock.advance(5)
  }

  async heartbeat(memberId: string, epoch: number, topicNames: readonly string[] | null): Promise<void> {
    const told = await this.shares.heartbeat(groupId, { memberId, epoch, rackId: null, clientId: 'c', clientHost: '/h', topicNames })
    if (told.error === 'NONE') this.epochs.set(memberId, told.memberEpoch)
  }

  async acquire(owner: string, recordsMax: number): Promise<void> {
    await this.shares.ask(groupId, topicId, 0, { verb: 'begin', offset: 0 })
    const batches = Array.from({ length: this.end }, (_, at) => ({ first: at, last: at, deliverable: at % 7 !== 6 }))
    const event = { verb: 'acquire', owner, logStartOffset: 0, recordsMax, strict: true, batchSize: 500, readFrom: 0, batches } as const
    const { acquired } = await this.shares.ask(groupId, topicId, 0, event)
    for (const { first, last, deliveryCount } of acquired) {
      expect(deliveryCount).toBeLessThanOrEqual(configs.deliveryCountLimit)
      for (let offset = first; offset <= last; offset++) {
        expect(offset % 7).not.toBe(6)
        expect(this.accepted.has(offset)).toBe(false)
        expect((this.held.get(offset)?.untilMs ?? 0) <= this.clock.now()).toBe(true)
        this.held.set(offset, { owner, untilMs: this.clock.now() + lockMs })
      }
    }
  }

  async acknowledge(owner: string): Promise<void> {
    const mine = [...this.held].filter(([, hold]) => hold.owner === owner).map(([offset]) => offset)
    const first = mine.length > 0 ? this.pick(mine) : this.random.integer(10)
    const kinds: readonly Acknowledgement[] = ['accept', 'accept', 'release', 'reject', 'renew']
    const types = [this.pick(kinds)]
    const last = first + this.random.integer(3)
    const { error } = await this.shares.ask(groupId, topicId, 0, { verb: 'acknowledge', owner, ranges: [{ first, last, types }] })
    if (error !== 'NONE') return
    for (let offset = first; offset <= last; offset++) {
      if (types[0] === 'renew') {
        this.held.set(offset, { owner, untilMs: this.clock.now() + lockMs })
        continue
      }
      if (this.held.get(offset)?.owner === owner && types[0] === 'accept') this.accepted.add(offset)
      this.held.delete(offset)
    }
  }

  async release(owner: string): Promise<void> {
    const { error } = await this.shares.ask(groupId, topicId, 0, { verb: 'release', owner })
    if (error !== 'NONE') return
    for (const [offset, hold] of this.held) if (hold.owner === owner) this.held.delete(offset)
  }

  /** What a restart would read is what is alive. */
  async check(): Promise<void> {
    await quiet()
    const again = await this.open({ writeDeadLetters: async () => false, onAvailable: () => {} })
    const told = async (shares: ShareGroups) => facts((await shares.describe(groupId)).group)
    expect(await told(again)).toEqual(await told(this.shares))
    expect(await again.position(groupId, topicId, 0)).toEqual(this.stored && unheld(this.stored))
    again.close()
    expect(this.errors).toEqual([])
  }

  /** Everything works again, and one member takes what there is. */
  async peace(): Promise<void> {
    this.store.isFull = false
    this.areLettersTaken = true
    await this.clock.advance(20_000)
    for (let round = 0; round < 200; round++) {
      await this.acquire('last', 500)
      const mine = [...this.held].filter(([, hold]) => hold.owner === 'last').map(([offset]) => offset)
      if (mine.length === 0) break
      const ranges = mine.sort((a, b) => a - b).map((offset) => ({ first: offset, last: offset, types: ['accept' as const] }))
      expect((await this.shares.ask(groupId, topicId, 0, { verb: 'acknowledge', owner: 'last', ranges })).error).toBe('NONE')
      for (const offset of mine) {
        this.accepted.add(offset)
        this.held.delete(offset)
      }
      await this.clock.advance(2000)
    }
    await quiet()
    const state = await this.shares.position(groupId, topicId, 0)
    expect(state?.runs.some(isGivenUp) ?? false).toBe(false)
    for (let offset = 0; offset < this.end; offset++) {
      if (offset % 7 !== 6) expect([offset, this.accepted.has(offset) || this.letters.has(offset)]).toEqual([offset, true])
    }
  }
}

const facts = (group: ShareGroup | null) =>
  group && { epoch: group.epoch, members: [...group.members.values()].map((member) => ({ ...member })).sort((a, b) => (a.id < b.id ? -1 : 1)) }

test('random histories of a share group', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const history = new History(seed)
    try {
      history.shares = await history.open()
      for (let step = 0; step < 60; step++) {
        await history.step()
        if (step % 3 === 0) await history.check()
      }
      await history.peace()
      await history.check()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    } finally {
      history.shares.close()
    }
  }
})
