// The groups of a broker beyond single scenarios: what they read at the start, what they write, limits, lists and figures.
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { ClassicGroup } from '../../src/coordinators/group/classic/state.ts'
import type { Asked } from '../../src/coordinators/group/groups.ts'
import { createGroups, type Groups } from '../../src/coordinators/group/groups.ts'
import { groupIdBytesMax } from '../../src/coordinators/limits.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore, FakeTopics, fakeSettings } from './world.ts'

class World {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly topics = new FakeTopics()
  readonly settings = fakeSettings()
  readonly errors: unknown[] = []

  open(): Promise<Groups> {
    const { store, clock, topics, settings } = this
    return createGroups({ store, clock, topics, settings, random: seededRandom(3), onError: (error) => this.errors.push(error) })
  }
}

const joinEvent: Asked<'join'> = {
  verb: 'join',
  memberId: '',
  instanceId: null,
  clientId: 'c',
  clientHost: '/127.0.0.1',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.from('m') }],
  needsMemberId: false,
  canSkipAssignment: true,
}

const manualCommit = (topicId: string, offset: number): Asked<'commit'> => ({
  verb: 'commit',
  memberId: '',
  instanceId: null,
  generation: -1,
  tellsUnknownGroup: true,
  expiresMs: null,
  committedMs: null,
  producerId: null,
  offsets: [{ topicId, partition: 0, offset, leaderEpoch: -1, metadata: null }],
})

/** A stable group of one member. */
async function settle(groups: Groups, groupId: string, event = joinEvent): Promise<string> {
  const { memberId, generation } = await groups.submit(groupId, event)
  const assignments = [{ memberId, assignment: Buffer.from('p') }]
  const told = await groups.submit(groupId, {
    verb: 'sync',
    memberId,
    instanceId: event.instanceId,
    generation,
    protocolType: null,
    protocolName: null,
    assignments,
  })
  expect(told.error).toBe('NONE')
  return memberId
}

describe('groups', () => {
  test('at the start read one row per group, members and offsets only when asked for', async () => {
    const world = new World()
    let groups = await world.open()
    const memberId = await settle(groups, 'busy')
    await groups.submit('other', manualCommit('id-of-t', 7))
    groups.close()
    const read: string[] = []
    const { tables } = world.store
    Object.defineProperty(world.store, 'tables', {
      value: {
        get: (...args: Parameters<typeof tables.get>) => {
          read.push(`get ${args[0].name} ${args[1]}`)
          return tables.get(...args)
        },
        list: (...args: Parameters<typeof tables.list>) => {
          read.push(`list ${args[0].name} ${args[1] ?? ''}`.trim())
          return tables.list(...args)
        },
      },
    })
    groups = await world.open()
    expect(read).toEqual(['list groups'])
    expect(groups.list()).toEqual([
      { groupId: 'busy', kind: 'classic', state: 'Stable', protocolType: 'consumer', memberCount: 1 },
      { groupId: 'other', kind: 'classic', state: 'Empty', protocolType: '', memberCount: 0 },
    ])
    expect(await groups.submit('busy', { verb: 'heartbeat', memberId, instanceId: null, generation: 1 })).toEqual({ error: 'NONE' })
    expect(read.splice(0).slice(1)).toEqual([
      'get groups busy',
      'list group-members busy',
      'list group-offsets busy',
      'list group-pending-offsets busy',
    ])
    // The rest follows by itself, so that timers run and lag can be told.
    await world.clock.advance(10)
    expect(read).toEqual(['get groups other', 'list group-members other', 'list group-offsets other', 'list group-pending-offsets other'])
    expect([...groups.committed()]).toEqual([{ groupId: 'other', topicId: 'id-of-t', partition: 0, offset: 7 }])
  })

  test('members of a group that nobody asked for lose their session after a restart', async () => {
    const world = new World()
    let groups = await world.open()
    await settle(groups, 'g')
    groups.close()
    groups = await world.open()
    await world.clock.advance(10_100)
    expect(groups.list()).toMatchObject([{ groupId: 'g', state: 'Empty', memberCount: 0 }])
  })

  test('heartbeats store nothing and take no timer', async () => {
    const world = new World()
    const groups = await world.open()
    const memberId = await settle(groups, 'g')
    world.store.written = []
    let armed = 0
    const { clock } = world
    const at = clock.at.bind(clock)
    clock.at = (atMs, action) => {
      armed++
      return at(atMs, action)
    }
    for (let i = 0; i < 1000; i++) await groups.submit('g', { verb: 'heartbeat', memberId, instanceId: null, generation: 1 })
    expect(world.store.written).toEqual([])
    expect(armed).toBe(0)
  })

  test('a rebalance of many members writes the rows that changed', async () => {
    const world = new World()
    const groups = await world.open()
    const clients = [await settle(groups, 'g')]
    for (let i = 1; i < 50; i++) clients.push((await groups.submit('g', { ...joinEvent, clientId: `c${i}`, needsMemberId: true })).memberId)
    const rejoin = (): Promise<unknown> => Promise.all(clients.map((memberId) => groups.submit('g', { ...joinEvent, memberId })))
    const sync = (text: (at: number) => string): Promise<unknown> =>
      groups.submit('g', {
        verb: 'sync',
        memberId: clients[0]!,
        instanceId: null,
        generation: (groups.peek('g')!.body as ClassicGroup).generation,
        protocolType: null,
        protocolName: null,
        assignments: clients.map((memberId, at) => ({ memberId, assignment: Buffer.from(text(at)) })),
      })
    await rejoin()
    world.store.written = []
    await sync((at) => `p${at}`)
    expect(world.store.written.filter((name) => name === 'group-members').length).toBe(50)
    // Again, with two that swap.
    await rejoin()
    world.store.written = []
    await sync((at) => (at === 3 ? 'p4' : at === 4 ? 'p3' : `p${at}`))
    expect(world.store.written).toEqual(['groups', 'group-members', 'group-members'])
  })

  test('ids that cannot be: none where one is needed, and too long ones', async () => {
    const groups = await new World().open()
    const heartbeat: Asked<'heartbeat'> = { verb: 'heartbeat', memberId: 'm', instanceId: null, generation: 1 }
    expect(await groups.submit('', heartbeat)).toEqual({ error: 'INVALID_GROUP_ID' })
    expect((await groups.submit('', { ...joinEvent, memberId: 'm' })).error).toBe('INVALID_GROUP_ID')
    expect((await groups.submit('', manualCommit('id-of-t', 1))).error).toBe('NONE')
    expect((await groups.submit('g'.repeat(groupIdBytesMax), manualCommit('id-of-t', 1))).error).toBe('NONE')
    expect((await groups.submit('g'.repeat(groupIdBytesMax + 1), manualCommit('id-of-t', 1))).error).toBe('INVALID_GROUP_ID')
    expect((await groups.submit('\0'.repeat(groupIdBytesMax / 2 + 1), manualCommit('id-of-t', 1))).error).toBe('INVALID_GROUP_ID')
  })

  test('the longest ids still make keys that can be stored', async () => {
    const world = new World()
    const groups = await world.open()
    const groupId = '\u{10ffff}'.repeat(groupIdBytesMax / 4)
    const memberId = await settle(groups, groupId, { ...joinEvent, clientId: 'x\u{10ffff}'.repeat(9000) })
    // The cut does not halve a character.
    expect(Buffer.from(memberId).toString()).toBe(memberId)
    groups.close()
    const again = await world.open()
    expect((await again.submit(groupId, { verb: 'heartbeat', memberId, instanceId: null, generation: 1 })).error).toBe('NONE')
  })

  test('questions about groups that do not exist leave nothing behind', async () => {
    const groups = await new World().open()
    for (let i = 0; i < 100; i++) {
      await groups.submit(`g${i}`, { verb: 'fetch', wanted: null })
      await groups.submit(`g${i}`, { verb: 'describe' })
      await groups.submit(`g${i}`, { ...joinEvent, memberId: 'made-up' })
    }
    expect(groups.size).toBe(0)
    expect(groups.list()).toEqual([])
  })

  test('figures count groups by state, members and offsets', async () => {
    const groups = await new World().open()
    await settle(groups, 'a')
    await settle(groups, 'b')
    await groups.submit('c', manualCommit('id-of-t', 1))
    const { byState, members, offsets } = groups.figures()
    expect(Object.fromEntries(byState)).toEqual({ Empty: 1, PreparingRebalance: 0, CompletingRebalance: 0, Stable: 2 })
    expect({ members, offsets }).toEqual({ members: 2, offsets: 1 })
  })

  test('a reset forgets every group and refuses what is parked', async () => {
    const groups = await new World().open()
    await settle(groups, 'a')
    const parked = groups.submit('a', { ...joinEvent, clientId: 'late' })
    groups.reset()
    expect((await parked).error).toBe('COORDINATOR_NOT_AVAILABLE')
    expect(groups.list()).toEqual([])
  })
})

test('a stored group is known to be there before it is in memory, so that no group of another kind takes its id', async () => {
  const setup = new World()
  const before = await setup.open()
  await settle(before, 'g')
  before.close()
  const after = await setup.open()
  expect([after.peek('g'), after.exists('g'), after.exists('other')]).toEqual([undefined, true, false])
  after.close()
})
