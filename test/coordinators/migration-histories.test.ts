// Random histories of a group whose clients change between the classic and the consumer protocol while it lives: cooperative and eager classic clients, static ones
// that come back in the other protocol, a policy that changes, silence, restarts, a full disk. Whatever happened: what a restart reads back is what is alive, what
// follows from the members is what the state says, and once everybody behaves, every partition has exactly one reader, in the mixed group as in a classic one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ClassicGroup } from '../../src/coordinators/group/classic/state.ts'
import type { ConsumerGroup } from '../../src/coordinators/group/consumer/state.ts'
import type { MigrationPolicy } from '../../src/coordinators/group/consumer/world.ts'
import type { Group } from '../../src/coordinators/group/group.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { seededRandom } from '../../src/random.ts'
import { MigratingClient, quiet } from './migrating-client.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

type Step =
  | { do: 'act' | 'change-protocol' | 'leave' | 'vanish'; who: number }
  | { do: 'everyone-acts' | 'restart' | 'fill-disk' | 'free-disk' | 'grow' }
  | { do: 'advance'; ms: number }
  | { do: 'policy'; policy: MigrationPolicy }

const clientCount = 5
const who = fc.integer({ min: 0, max: clientCount - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constant('act' as const), who }) },
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'everyone-acts' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change-protocol' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'vanish' as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 12_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('policy' as const), policy: fc.constantFrom<MigrationPolicy>('bidirectional', 'upgrade', 'downgrade') }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'restart' }, { do: 'grow' }, { do: 'fill-disk' }, { do: 'free-disk' }, { do: 'free-disk' }) },
)

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)

/** What a restart has to bring back; a classic group is only stored between two rebalances. */
function durable(group: Group | undefined): unknown {
  const body = group?.body ?? null
  if (body === null) return null
  if (body.kind === 'consumer') return { row: body.row, members: [...body.members.values()].sort(byId) }
  const { generation, protocolName, leader } = body
  const members = [...body.members.values()]
    .sort(byId)
    .map(({ id, instanceId, protocols, assignment }) => ({ id, instanceId, protocols, assignment }))
  return { phase: body.phase, generation, protocolName, leader, members }
}

function checkInvariants(group: ConsumerGroup): void {
  const holders = new Set<string>()
  const offered = new Map<string, number>()
  let classicCount = 0
  for (const member of group.members.values()) {
    for (const [topicId, partitions] of [...member.assigned, ...member.revoking]) {
      for (const partition of partitions) {
        expect(holders.has(`${topicId}/${partition}`)).toBe(false)
        holders.add(`${topicId}/${partition}`)
        expect(group.holders.get(topicId)?.get(partition)).toBe(member.id)
      }
    }
    if (member.classic === null) continue
    classicCount++
    for (const { name } of member.classic.protocols) offered.set(name, (offered.get(name) ?? 0) + 1)
  }
  expect(group.classicCount).toBe(classicCount)
  expect(group.offered).toEqual(offered)
  expect(group.row.memberCount).toBe(group.members.size)
  for (const id of group.asked) expect(group.members.has(id)).toBe(true)
}

class History {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  /** One source for all its lives: ids are not made twice. */
  readonly random = seededRandom(7)
  readonly errors: unknown[] = []
  policy: MigrationPolicy = 'bidirectional'
  groups!: Groups
  readonly clients = Array.from({ length: clientCount }, (_, at) => new MigratingClient(at, () => this.groups, this.topics))

  open(topics: FakeTopics = this.topics): Promise<Groups> {
    const { store, clock, settings, random } = this
    const onError = (error: unknown): void => void this.errors.push(error)
    return createGroups({ store, clock, topics, settings, random, migrationPolicy: () => this.policy, onError })
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'act':
      case 'leave':
      case 'vanish':
        return this.clients[step.who]![step.do]()
      case 'change-protocol':
        return this.clients[step.who]!.changeProtocol()
      case 'everyone-acts':
        for (const client of this.clients) client.act()
        return
      case 'advance':
        return this.clock.advance(step.ms)
      case 'policy':
        this.policy = step.policy
        return
      case 'grow':
        return this.topics.make('t', Math.min((this.topics.counts.get('t') ?? 0) + 1, 8))
      case 'fill-disk':
      case 'free-disk':
        this.store.isFull = step.do === 'fill-disk'
        return
      case 'restart':
        this.groups.close()
        await quiet()
        this.groups = await this.open()
    }
  }

  async stored(): Promise<Group | undefined> {
    const same = { byId: this.topics.byId.bind(this.topics), get: this.topics.get.bind(this.topics) }
    const copy = await this.open(Object.assign(new FakeTopics(), same))
    await copy.submit('g', { verb: 'describe' })
    const group = copy.peek('g')
    copy.close()
    return group
  }

  async checkStored(): Promise<void> {
    const live = this.groups.peek('g')
    // A restart has not read it back yet.
    if (!live) return
    const { body } = live
    if (body?.kind === 'consumer') checkInvariants(body)
    if (body?.kind === 'classic' && (!body.stored || (body.phase !== 'stable' && body.phase !== 'empty'))) return
    expect(durable(await this.stored())).toEqual(durable(live))
  }

  /** Every partition has exactly one reader, as the readers themselves see it and as the group does. */
  checkSettled(): void {
    const count = this.topics.counts.get('t')!
    const all = Array.from({ length: count }, (_, partition) => partition)
    const live = this.clients.filter((client) => client.isIn)
    expect(live.flatMap((client) => [...client.owned]).sort((a, b) => a - b)).toEqual(all)
    const body = this.groups.peek('g')!.body as ConsumerGroup | ClassicGroup
    expect(body.members.size).toBe(live.length)
    const hasModern = live.some((client) => client.isModern)
    if (hasModern) expect(body.kind).toBe('consumer')
    if (body.kind === 'consumer') for (const { phase, epoch } of body.members.values()) expect([phase, epoch]).toEqual(['stable', body.row.epoch])
  }
}

async function play(steps: readonly (readonly [Step, boolean])[]): Promise<void> {
  const history = new History()
  history.topics.make('t', 5)
  history.groups = await history.open()
  for (const [step, pauses] of steps) {
    await history.run(step)
    if (!pauses) continue
    await quiet()
    await history.checkStored()
  }
  history.store.isFull = false
  history.policy = 'bidirectional'
  await quiet()
  // Everybody behaves from here on, until those that vanished are gone and the rest has settled.
  for (let round = 0; round < 36; round++) {
    for (const client of history.clients) client.act()
    await quiet()
    await history.clock.advance(2_500)
    await quiet()
  }
  history.checkSettled()
  await history.checkStored()
  for (const client of history.clients) client.leave()
  await quiet()
  await history.clock.advance(60_000)
  await quiet()
  expect(history.groups.peek('g')?.body?.members.size ?? 0).toBe(0)
  expect(history.errors).toEqual([])
  expect(history.clients.every((client) => client.waiting === 0)).toBe(true)
  history.groups.close()
}

describe('random histories of a group that changes its protocol', () => {
  const seed = process.env['HISTORIES_SEED'] ? Number(process.env['HISTORIES_SEED']) : Math.floor(Math.random() * 2 ** 31)
  const numRuns = Number(process.env['HISTORIES_RUNS'] ?? 40)

  test(`rows replay to the live state, and in the end every partition has one reader (seed ${seed})`, { timeout: 600_000 }, async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 100, size: 'max' }), play), { numRuns, seed })
  })
})
