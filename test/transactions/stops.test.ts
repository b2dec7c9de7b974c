// The process ends between any two writes to the store: afterwards every transaction is there whole, records and offsets, or not at all.
import { expect, test } from 'vitest'
import { stoppingStore } from './stopping-store.ts'
import { World } from './world.ts'

interface Producer {
  producerId: number
  producerEpoch: number
}

/** A transaction of the script, as far as it came. */
interface Attempt {
  /** Values by partition. */
  readonly values: readonly [string[], string[]]
  /** The offset that moves with it; null for none. */
  readonly offset: number | null
  readonly commits: boolean
  /** `ending`: the end was asked for, and not answered. */
  state: 'open' | 'ending' | 'ended'
}

const none = { producerId: -1, producerEpoch: -1 }

/** Two transactional ids, ends of both kinds, old and new protocol, fencing, and a time-out. Notes in `attempts` how far it came. */
async function script(world: World, attempts: Attempt[]): Promise<void> {
  const begin = async (id: string): Promise<Producer> => {
    const told = await world.transactions.init(id, { timeoutMs: 5_000, ...none })
    expect(told.error).toBe('NONE')
    return told
  }
  let n = 0
  const write = async (id: string, producer: Producer, sequences: [number, number], commits: boolean, offset: number | null): Promise<Attempt> => {
    const attempt: Attempt = { values: [[], []], offset, commits, state: 'open' }
    attempts.push(attempt)
    for (const index of [0, 1, 0] as const) {
      const value = `v${n++}`
      attempt.values[index].push(value)
      expect(await world.produce(id, { ...producer, sequence: sequences[index]++ }, index, value)).toBe('NONE')
    }
    if (offset !== null) expect(await world.commitOffset(id, producer, 'g', offset)).toBe('NONE')
    return attempt
  }
  const end = async (id: string, producer: Producer, attempt: Attempt, raisesEpoch: boolean): Promise<Producer> => {
    attempt.state = 'ending'
    const told = await world.transactions.end(id, { ...producer, committed: attempt.commits, raisesEpoch })
    expect(told.error).toBe('NONE')
    attempt.state = 'ended'
    return raisesEpoch ? told : producer
  }

  let a = await begin('a')
  let b = await begin('b')
  a = await end('a', a, await write('a', a, [0, 0], true, 3), true)
  const bothOpen = await write('b', b, [0, 0], false, 100)
  a = await end('a', a, await write('a', a, [0, 0], true, 7), true)
  b = await end('b', b, bothOpen, true)
  const classic: [number, number] = [0, 0]
  b = await end('b', b, await write('b', b, classic, true, null), false)
  b = await end('b', b, await write('b', b, classic, false, 200), false)
  await write('a', a, [0, 0], false, 300)
  a = await begin('a')
  a = await end('a', a, await write('a', a, [0, 0], true, 9), true)
  // Nobody ends this one: its time-out does.
  await write('b', b, classic, false, 400)
  await world.clock.advance(6_000)
  await end('a', a, await write('a', a, [0, 0], true, 11), true)
}

async function check(world: World, attempts: readonly Attempt[]): Promise<void> {
  // What was left open is aborted by whoever comes next.
  for (const id of ['a', 'b']) expect((await world.transactions.init(id, { timeoutMs: 5_000, ...none })).error).toBe('NONE')
  const read = [await world.readCommitted(0), await world.readCommitted(1)] as const
  for (const index of [0, 1] as const) expect(world.partition(index).lastStableOffset).toBe(world.partition(index).endOffset)
  let offset: number | null = null
  const expected: [string[], string[]] = [[], []]
  for (const attempt of attempts) {
    const present = read[0].includes(attempt.values[0][0] ?? '')
    if (attempt.state === 'open') expect(present, 'not ended').toBe(false)
    if (attempt.state === 'ended') expect(present, 'acknowledged').toBe(attempt.commits)
    if (!present) continue
    expect(attempt.commits).toBe(true)
    for (const index of [0, 1] as const) expected[index].push(...attempt.values[index])
    offset = attempt.offset ?? offset
  }
  expect(read, 'whole transactions, each record once, in order').toEqual(expected)
  expect(await world.committedOffset('g'), 'offsets move with the records').toBe(offset)
}

test('a stop between any two writes leaves every transaction whole', async () => {
  let stops = 0
  for (let finished = false; !finished; stops++) {
    const world = await World.open()
    const inner = world.store
    const store = stoppingStore(inner, stops)
    await world.crash(store)
    const attempts: Attempt[] = []
    finished = await Promise.race([script(world, attempts).then(() => true), store.stopped.then(() => false)])
    await world.crash(inner)
    await check(world, attempts).catch((error: unknown) => {
      throw new Error(`stopped after ${stops} writes: ${error instanceof Error ? error.message : error}`, { cause: error })
    })
  }
  expect(stops).toBeGreaterThan(50)
})
