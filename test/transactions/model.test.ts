// Random histories of transactional producers against a few lines that say what must be seen: no aborted read, no lost commit, no duplicate, order per
// producer, also across crashes. `TRANSACTION_OPERATIONS` sets how long (npm run test:long).
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/random.ts'
import { World } from './world.ts'

const operations = Number(process.env['TRANSACTION_OPERATIONS'] ?? 6_000)
const operationsPerWorld = 1_000
const producers = 3
const partitions = 2

interface Actor {
  id: string
  producerId: number
  producerEpoch: number
  /** Next sequence by partition, in this epoch. */
  sequences: number[]
  raisesEpoch: boolean
  /** Values of the open transaction, by partition. */
  open: string[][]
}

async function run(seed: number): Promise<void> {
  const world = await World.open()
  const random = seededRandom(seed)
  const pick = (end: number): number => random.integer(end)
  const decided: Set<string>[] = Array.from({ length: partitions }, () => new Set())
  const aborted = new Set<string>()
  let value = 0

  const begin = async (id: string): Promise<Actor> => {
    const told = await world.transactions.init(id, { timeoutMs: 5_000, producerId: -1, producerEpoch: -1 })
    expect(told.error).toBe('NONE')
    const { producerId, producerEpoch } = told
    return {
      id,
      producerId,
      producerEpoch,
      sequences: Array(partitions).fill(0),
      raisesEpoch: pick(2) === 0,
      open: Array.from({ length: partitions }, () => []),
    }
  }
  const giveUp = (actor: Actor): void => {
    for (const values of actor.open) for (const one of values) aborted.add(one)
  }
  const actors: Actor[] = []
  for (let i = 0; i < producers; i++) actors.push(await begin(`tx${i}`))

  const check = async (): Promise<void> => {
    for (let index = 0; index < partitions; index++) {
      const seen = await world.readCommitted(index)
      expect(new Set(seen).size, 'a record was read twice').toBe(seen.length)
      for (const one of seen) expect(aborted.has(one), `${one} was aborted`).toBe(false)
      const open = new Set(actors.flatMap((actor) => actor.open[index]!))
      for (const one of seen) expect(open.has(one), `${one} is not decided yet`).toBe(false)
      // Everything committed is seen once nothing open stands before it.
      if (actors.every((actor) => actor.open.every((values) => values.length === 0))) expect(new Set(seen)).toEqual(decided[index])
    }
  }

  for (let step = 0; step < operationsPerWorld; step++) {
    const at = pick(producers)
    const actor = actors[at]!
    const roll = pick(100)
    if (roll < 60) {
      const index = pick(partitions)
      const one = `v${value++}`
      const error = await world.produce(actor.id, { ...actor, sequence: actor.sequences[index]! }, index, one)
      if (error === 'NONE') {
        actor.sequences[index]!++
        actor.open[index]!.push(one)
        // A retry of the same batch is the same record.
        if (pick(5) === 0) expect(await world.produce(actor.id, { ...actor, sequence: actor.sequences[index]! - 1 }, index, one)).toBe('NONE')
      } else {
        // Timed out: fenced. A new instance takes over.
        expect(['PRODUCER_FENCED', 'producer-epoch-stale']).toContain(error)
        giveUp(actor)
        actors[at] = await begin(actor.id)
      }
    } else if (roll < 85) {
      const committed = pick(3) > 0
      const empty = actor.open.every((values) => values.length === 0)
      const told = await world.transactions.end(actor.id, { ...actor, committed })
      if (told.error === 'NONE') {
        for (const [index, values] of actor.open.entries()) for (const one of values) committed ? decided[index]!.add(one) : aborted.add(one)
        if (actor.raisesEpoch) {
          Object.assign(actor, { producerId: told.producerId, producerEpoch: told.producerEpoch, sequences: Array(partitions).fill(0) })
        }
        actor.open = Array.from({ length: partitions }, () => [])
      } else {
        // Timed out, said in the words of either protocol.
        const gone = told.error === (actor.raisesEpoch ? 'INVALID_TXN_STATE' : 'PRODUCER_FENCED')
        expect(empty || gone, told.error).toBe(true)
        if (gone) {
          giveUp(actor)
          actors[at] = await begin(actor.id)
        }
      }
    } else if (roll < 90) {
      giveUp(actor)
      actors[at] = await begin(actor.id)
    } else if (roll < 93) {
      await world.crash()
    } else if (roll < 95) {
      await world.clock.advance(3_000)
    } else {
      await check()
    }
  }
  for (const actor of actors) {
    giveUp(actor)
    actor.open = Array.from({ length: partitions }, () => [])
    await begin(actor.id)
  }
  await check()
}

test(`random transactions: ${operations} operations`, async () => {
  const first = Number(process.env['TRANSACTION_SEED'] ?? Date.now() % 1_000_000)
  for (let i = 0; i * operationsPerWorld < operations; i++) {
    await run(first + i).catch((error: unknown) => {
      throw new Error(`seed ${first + i}: ${error instanceof Error ? error.message : error}`, { cause: error })
    })
  }
}, 600_000)
