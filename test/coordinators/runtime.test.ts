// The runtime: what is answered when, what waits for what, and what happens when the store says no. A coordinator of counters stands in for groups.
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { arm, change, record, reply } from '../../src/coordinators/effect.ts'
import { batchedEventsMax, queuedEventsMax, storeRetryMs } from '../../src/coordinators/limits.ts'
import { type Coordinator, Runtime } from '../../src/coordinators/runtime.ts'
import { Timers } from '../../src/coordinators/timers.ts'
import type { Batch, Tables } from '../../storage/tables.ts'

interface Counter {
  sum: number
  notes: string[]
  owed: number
}
type Event =
  | { do: 'add' | 'add-in-order' | 'add-together'; amount: number }
  | { do: 'read' | 'settled-read' }
  | { do: 'note'; text: string }
  | { do: 'owe'; amount: number }
  | { do: 'alarm'; inMs: number }
  | { do: 'rung'; timer: string }
  | { do: 'break' | 'park' }
type Stored = { type: 'added'; amount: number; commutes: boolean } | { type: 'paid' }
type Volatile = { type: 'noted'; text: string } | { type: 'owing'; amount: number }

/** A sum that is stored, and notes that are not. */
function counters(load: (key: string) => Promise<Counter> | Counter): Coordinator<Counter, Event, Stored, Volatile, string> {
  return {
    decide(state, event, { nowMs, to }) {
      switch (event.do) {
        case 'add':
        case 'add-in-order':
        case 'add-together':
          if (event.do === 'add-together' && event.amount < 0) throw new Error('broken')
          if (event.do === 'add-together')
            return [record({ type: 'added', amount: event.amount, commutes: false }), reply(to, `${state.sum + event.amount} in all`)]
          return [record({ type: 'added', amount: event.amount, commutes: event.do === 'add' }), reply(to, `${event.amount} added`)]
        case 'read':
        case 'settled-read':
          return [reply(to, `${state.sum} ${state.notes}`.trim())]
        case 'note':
          return [change({ type: 'noted', text: event.text }), reply(to, 'noted')]
        case 'owe':
          return [change({ type: 'owing', amount: event.amount }), reply(to, 'owing')]
        case 'alarm':
          return [arm('alarm', nowMs + event.inMs), reply(to, 'set')]
        case 'rung':
          return event.timer === 'alarm' ? [change({ type: 'noted', text: `alarm at ${nowMs}` })] : []
        case 'park':
          return []
        case 'break':
          throw new Error('broken')
      }
    },
    settle: (state) => (state.owed > 0 ? [record({ type: 'paid' })] : []),
    apply(state, what) {
      if (what.type === 'added') state.sum += what.amount
      else if (what.type === 'noted') state.notes.push(what.text)
      else if (what.type === 'owing') state.owed = what.amount
      else {
        state.sum += state.owed
        state.owed = 0
      }
    },
    due: (timer) => ({ do: 'rung', timer }),
    write: (batch, key, what) => void batch.put({ name: what.type }, [key], what),
    load: (_, key) => load(key),
    wake: () => [],
    commutes: (what) => what.type === 'added' && what.commutes,
    needsQuiet: (event) => event.do === 'settled-read',
    isBatched: (_, event) => event.do === 'add-together',
    ahead: (state) => ({ ...state, notes: [...state.notes] }),
    isGone: (state) => state.sum === 0 && state.notes.length === 0,
  }
}

class World {
  readonly clock = new ManualClock(0)
  readonly commits: { succeed(): void; fail(): void }[] = []
  readonly errors: unknown[] = []
  readonly said: string[] = []
  readonly runtime: Runtime<Counter, Event, Stored, Volatile, string>

  constructor(load: (key: string) => Promise<Counter> | Counter = () => ({ sum: 0, notes: [], owed: 0 })) {
    const batch = (): Batch => {
      const made: Batch = {
        put: () => made,
        delete: () => made,
        append: () => made,
        commit: () => new Promise((resolve, reject) => this.commits.push({ succeed: () => resolve([]), fail: () => reject(new Error('no room')) })),
      }
      return made
    }
    const tables = {} as Tables
    this.runtime = new Runtime(counters(load), { tables, batch, clock: this.clock, onError: (error) => this.errors.push(error) })
  }

  ask(event: Event, key = 'k'): void {
    this.runtime
      .submit(key, event, (reason) => reason)
      .then(
        (answer) => this.said.push(answer),
        (error) => this.said.push(String(error)),
      )
  }

  async heard(): Promise<string[]> {
    await new Promise((settled) => setImmediate(settled))
    return this.said.splice(0)
  }
}

describe('the runtime', () => {
  test('decides events that wait together, each on top of the one before it, and stores them in one batch', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 1 })
    for (const amount of [10, 20, 30]) world.ask({ do: 'add-together', amount })
    world.ask({ do: 'read' })
    expect(world.commits.length).toBe(1)
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['1 added'])
    expect(world.commits.length).toBe(2)
    expect(world.runtime.peek('k')?.sum).toBe(1)
    world.commits[1]!.succeed()
    expect(await world.heard()).toEqual(['11 in all', '31 in all', '61 in all', '61'])
  })

  test('refuses a whole batch that cannot be stored, and one of its events that breaks alone', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 1 })
    for (const amount of [10, -1, 20]) world.ask({ do: 'add-together', amount })
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['1 added', 'Error: broken'])
    world.commits[1]!.fail()
    expect(await world.heard()).toEqual(['not-stored', 'not-stored'])
    expect(world.runtime.peek('k')?.sum).toBe(1)
    expect(world.errors.length).toBe(1)
  })

  test('takes a bounded number of events at a time', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 1 })
    for (let at = 0; at < batchedEventsMax + 1; at++) world.ask({ do: 'add-together', amount: 1 })
    world.commits[0]!.succeed()
    await world.heard()
    world.commits[1]!.succeed()
    expect((await world.heard()).length).toBe(batchedEventsMax)
    world.commits[2]!.succeed()
    expect(await world.heard()).toEqual([`${batchedEventsMax + 2} in all`])
  })

  test('answers after the record is durable, and applies it only then', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 5 })
    expect(await world.heard()).toEqual([])
    expect(world.runtime.peek('k')?.sum).toBe(0)
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['5 added'])
    expect(world.runtime.peek('k')?.sum).toBe(5)
  })

  test('lets nothing of the same key run while a record is being stored, and everything of other keys', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 5 })
    world.ask({ do: 'read' })
    world.ask({ do: 'note', text: 'other' }, 'elsewhere')
    expect(await world.heard()).toEqual(['noted'])
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['5 added', '5'])
  })

  test('stores records that commute side by side, while reads go on', async () => {
    const world = new World()
    for (const amount of [1, 2, 3]) world.ask({ do: 'add', amount })
    world.ask({ do: 'read' })
    expect(world.commits.length).toBe(3)
    expect(await world.heard()).toEqual(['0'])
    for (const commit of world.commits) commit.succeed()
    expect(await world.heard()).toEqual(['1 added', '2 added', '3 added'])
  })

  test('keeps an event that needs quiet, and those behind it, until the records before it are durable', async () => {
    const world = new World()
    world.ask({ do: 'add', amount: 1 })
    world.ask({ do: 'settled-read' })
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual([])
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['1 added', '1', '1'])
  })

  test('refuses what could not be stored, changes nothing, and goes on', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 5 })
    world.ask({ do: 'read' })
    world.commits[0]!.fail()
    expect(await world.heard()).toEqual(['not-stored', '0'])
  })

  test('stores again, after a while, what the state itself called for', async () => {
    const world = new World()
    world.ask({ do: 'owe', amount: 7 })
    expect(await world.heard()).toEqual(['owing'])
    world.commits[0]!.fail()
    await world.heard()
    expect(world.commits.length).toBe(1)
    await world.clock.advance(storeRetryMs)
    expect(world.commits.length).toBe(2)
    world.commits[1]!.succeed()
    await world.heard()
    expect(world.runtime.peek('k')).toEqual({ sum: 7, notes: [], owed: 0 })
  })

  test('turns events away when too many wait for one key', async () => {
    const world = new World()
    world.ask({ do: 'add-in-order', amount: 5 })
    for (let i = 0; i < queuedEventsMax; i++) world.ask({ do: 'read' })
    expect(await world.heard()).toEqual([])
    world.ask({ do: 'read' })
    world.ask({ do: 'note', text: 'x' }, 'elsewhere')
    expect(await world.heard()).toEqual(['overloaded', 'noted'])
    world.commits[0]!.succeed()
    expect((await world.heard()).length).toBe(queuedEventsMax + 1)
  })

  test('refuses what waits for a state that cannot be read, writes nothing over it, and tries again next time', async () => {
    let fails = true
    const world = new World(async () => {
      if (fails) throw new Error('unreadable')
      return { sum: 40, notes: [], owed: 0 }
    })
    world.ask({ do: 'add-in-order', amount: 2 })
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual(['not-stored', 'not-stored'])
    expect(world.commits).toEqual([])
    expect(world.errors.map(String)).toEqual(['Error: unreadable'])
    fails = false
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual(['40'])
  })

  test('rejects the request of a broken invariant, reports it, and goes on', async () => {
    const world = new World()
    world.ask({ do: 'break' })
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual(['Error: broken', '0'])
    expect(world.errors.length).toBe(1)
  })

  test('closing refuses what waits and what comes, and stops the timers', async () => {
    const world = new World()
    world.ask({ do: 'alarm', inMs: 10 })
    world.ask({ do: 'add-in-order', amount: 5 })
    world.ask({ do: 'read' })
    await world.heard()
    world.runtime.close()
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual(['closing', 'closing', 'closing'])
    world.commits[0]!.succeed()
    await world.clock.advance(100)
    expect(await world.heard()).toEqual([])
    expect(world.runtime.size).toBe(0)
  })

  test('before it stops it refuses what is parked and what comes, and answers what the disk was asked for', async () => {
    const world = new World()
    world.ask({ do: 'park' })
    world.ask({ do: 'add-in-order', amount: 5 })
    world.ask({ do: 'read' })
    world.runtime.quiesce()
    world.ask({ do: 'read' })
    expect(await world.heard()).toEqual(['closing', 'closing'])
    world.commits[0]!.succeed()
    expect(await world.heard()).toEqual(['5 added', '5'])
  })

  test('forgets keys that are as good as none', async () => {
    const world = new World()
    for (let i = 0; i < 100; i++) world.ask({ do: 'read' }, `k${i}`)
    await world.heard()
    expect(world.runtime.size).toBe(0)
    world.ask({ do: 'note', text: 'kept' })
    await world.heard()
    expect(world.runtime.size).toBe(1)
  })
})

describe('timers', () => {
  test('a deadline that is moved back rings once, at its last time', async () => {
    const clock = new ManualClock(0)
    const rung: string[] = []
    const timers = new Timers(clock, (name) => rung.push(`${name} at ${clock.now()}`))
    timers.arm('a', 100)
    await clock.advance(90)
    timers.arm('a', 190)
    await clock.advance(90)
    timers.arm('a', 280)
    timers.arm('a', 250)
    await clock.advance(1000)
    expect(rung).toEqual(['a at 250'])
    expect(timers.size).toBe(0)
  })

  test('moving a deadline back takes no timer of the clock', () => {
    const clock = new ManualClock(0)
    let taken = 0
    const at: typeof clock.at = (atMs, action) => {
      taken++
      return clock.at(atMs, action)
    }
    const counting = { now: () => clock.now(), at }
    const timers = new Timers(counting, () => {})
    for (let atMs = 100; atMs < 1000; atMs++) timers.arm('a', atMs)
    expect(taken).toBe(1)
  })

  test('a deadline that is moved forward rings earlier, and a cancelled one never', async () => {
    const clock = new ManualClock(0)
    const rung: string[] = []
    const timers = new Timers(clock, (name) => rung.push(`${name} at ${clock.now()}`))
    timers.arm('a', 100)
    timers.arm('a', 50)
    timers.arm('b', 70)
    timers.cancel('b')
    await clock.advance(1000)
    expect(rung).toEqual(['a at 50'])
  })
})
