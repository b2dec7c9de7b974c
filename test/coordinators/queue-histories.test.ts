// A queue's partition against the obvious model, one object for each record: random histories of putting, receiving, settling, waiting, trimming and restarting.
// A failure prints its seed; QUEUE_SEED plays it again.
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { queueInFlightMax } from '../../src/coordinators/limits.ts'
import type { QueueAnswer, Received, Settlement } from '../../src/coordinators/share/queue-partition.ts'
import { QueuePartitions } from '../../src/coordinators/share/queue-partitions.ts'
import { seededRandom } from '../../src/random.ts'
import { FakeStore } from './world.ts'

/** What is known of a record. `gone`: acknowledged, trimmed, or never there to be delivered. */
interface Rec {
  state: 'live' | 'dead' | 'gone'
  count: number
  firstMs: number
  heldUntilMs: number
  /** The last receipt of it. */
  receipt: Received | null
}

class World {
  readonly clock = new ManualClock()
  readonly store = new FakeStore(this.clock)
  readonly records: Rec[] = []
  /** Everything that was ever handed out, stale receipts too. */
  readonly receipts: Received[] = []
  readonly errors: unknown[] = []
  start = 0
  countMax = 3
  queue = this.open()

  open(): QueuePartitions {
    const { store, clock } = this
    return new QueuePartitions({
      store,
      clock,
      rulesOf: () => ({ receiveCountMax: this.countMax }),
      startOf: () => 0,
      moved: () => {},
      onError: (error) => this.errors.push(error),
    })
  }

  put(count: number, isDeliverable: () => boolean): void {
    for (let i = 0; i < count; i++)
      this.records.push({ state: isDeliverable() ? 'live' : 'gone', count: 0, firstMs: 0, heldUntilMs: 0, receipt: null })
  }

  /** What was received as often as may be, and is held no longer, is dead. */
  age(): void {
    for (const rec of this.records) {
      if (rec.state !== 'live' || rec.count < this.countMax || rec.heldUntilMs > this.clock.now()) continue
      rec.state = 'dead'
      rec.heldUntilMs = 0
      rec.receipt = null
    }
  }

  visible(state: 'live' | 'dead'): number[] {
    this.age()
    return [...this.records.keys()].filter((offset) => {
      const rec = this.records[offset]!
      return rec.state === state && rec.heldUntilMs <= this.clock.now()
    })
  }

  /** `meanwhile`: what others do while the log is read. */
  async receive(recordsMax: number, holdMs: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    // Holds that end now have their timers' turn first: a receive may miss what becomes visible in the same moment.
    await this.quiet()
    const { live } = (await this.queue.look('q', 0))!
    const readFrom = Math.max(live.runs.find(({ state }) => state === 'available')?.first ?? live.endOffset, this.start)
    const batches = [...this.records.keys()]
      .slice(readFrom)
      // Settled before it was ever there: a control record.
      .map((offset) => ({ first: offset, last: offset, deliverable: this.records[offset]!.state !== 'gone' || this.records[offset]!.count > 0 }))
    await meanwhile()
    const expected = this.visible('live')
      .filter((offset) => offset >= readFrom)
      .slice(0, recordsMax)
    const { received } = await this.queue.ask('q', 0, { verb: 'receive', logStartOffset: this.start, recordsMax, holdMs, readFrom, batches })
    expect(received.map(({ offset }) => offset)).toEqual(expected)
    this.handedOut(received, holdMs)
  }

  async receiveDead(recordsMax: number, holdMs: number): Promise<void> {
    const visible = this.visible('dead')
    const { received } = await this.queue.ask('q', 0, { verb: 'receive-dead', logStartOffset: this.start, recordsMax, holdMs })
    expect(visible).toEqual(expect.arrayContaining(received.map(({ offset }) => offset)))
    expect(received).toHaveLength(Math.min(recordsMax, visible.length))
    this.handedOut(received, holdMs)
  }

  handedOut(received: readonly Received[], holdMs: number): void {
    for (const one of received) {
      const rec = this.records[one.offset]!
      rec.count++
      if (rec.firstMs === 0) rec.firstMs = this.clock.now()
      Object.assign(rec, { heldUntilMs: this.clock.now() + holdMs, receipt: one })
      expect([one.deliveryCount, one.firstMs]).toEqual([rec.count, rec.firstMs])
      this.receipts.push(one)
    }
  }

  async settle(state: 'live' | 'dead', receipts: readonly Received[], to: Settlement): Promise<void> {
    this.age()
    const verb = state === 'live' ? 'settle' : 'settle-dead'
    const answer: QueueAnswer = await this.queue.ask('q', 0, { verb, receipts: receipts.map((receipt) => ({ ...receipt, to })) })
    for (const [at, receipt] of receipts.entries()) {
      const rec = this.records[receipt.offset]!
      // What the log has lost is forgotten when somebody receives next: until then either answer will do.
      if (receipt.offset < this.start) continue
      const isCurrent = rec.state === state && rec.receipt === receipt
      const isHeld = rec.heldUntilMs > this.clock.now()
      const mayBe = typeof to === 'object' ? isHeld : to === 'acknowledge' || state === 'dead'
      const done = isCurrent ? mayBe : to === 'acknowledge' && rec.state === 'gone'
      expect([receipt, answer.faults[at] === null]).toEqual([receipt, done])
      if (!done || !isCurrent) continue
      if (typeof to === 'object') rec.heldUntilMs = this.clock.now() + to.holdMs
      else if (to === 'acknowledge') rec.state = 'gone'
      else Object.assign(rec, { state: 'live', count: 0, heldUntilMs: 0, receipt: null })
    }
  }

  trim(offset: number): void {
    this.start = Math.max(this.start, offset)
    for (const rec of this.records.slice(0, this.start)) rec.state = 'gone'
  }

  async allow(countMax: number): Promise<void> {
    await this.quiet()
    this.age()
    // Rules act on what is in memory; on the rest when it comes into memory.
    await this.queue.look('q', 0)
    this.countMax = countMax
    await this.queue.rulesChanged('q')
  }

  /** What is due is done, and stored. */
  async quiet(): Promise<void> {
    await this.clock.advance(0)
    for (let turn = 0; turn < 5; turn++) await new Promise((settled) => setImmediate(settled))
  }

  async restart(): Promise<void> {
    await this.quiet()
    this.queue.close()
    this.queue = this.open()
  }
}

async function rarely(world: World, event: number, amount: number): Promise<void> {
  if (event < 4) await world.restart()
  else if (event === 4) world.trim(Math.min(world.records.length, world.start + amount))
  else if (event === 5) await world.allow(1 + amount)
}

/** One history. */
async function play(seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed)
  const pick = (below: number): number => random.integer(below)
  const some = (receipts: readonly Received[]): Received[] => {
    const chosen = new Map<number, Received>()
    for (let i = pick(4); i >= 0 && receipts.length > 0; i--) {
      // Mostly recent ones; of a record one at a time, as order within a call is not what is tested here.
      const receipt = receipts[Math.max(0, receipts.length - 1 - pick(12))]!
      chosen.set(receipt.offset, receipt)
    }
    return [...chosen.values()]
  }
  const world = new World()
  for (let step = 0; step < steps; step++) {
    const state = pick(3) === 0 ? 'dead' : 'live'
    const action = pick(12)
    if (action < 2) world.put(1 + pick(6), () => pick(10) > 0)
    else if (action < 5 && state === 'dead') await world.receiveDead(1 + pick(10), pick(4) * 100)
    else if (action < 5) {
      const letGo = () =>
        pick(4) === 0 ? world.settle(pick(2) === 0 ? 'live' : 'dead', some(world.receipts), pick(2) === 0 ? { holdMs: 0 } : 'restore') : null
      await world.receive(1 + pick(10), pick(4) * 100, async () => void (await letGo()))
    } else if (action < 7) await world.settle(state, some(world.receipts), 'acknowledge')
    else if (action === 7) await world.settle(state, some(world.receipts), { holdMs: pick(3) * 100 })
    else if (action === 8) await world.settle('dead', some(world.receipts), 'restore')
    else if (action < 11) await world.clock.advance(pick(150))
    else await rarely(world, pick(10), pick(4))
  }
  // Whatever is left comes, sooner or later, as a record or as a dead letter, and goes when it is acknowledged.
  for (let round = 0; round < 50; round++) {
    await world.clock.advance(1000)
    const before = world.receipts.length
    await world.receive(100, 5000)
    await world.settle('live', world.receipts.slice(before), 'acknowledge')
    const dead = world.receipts.length
    await world.receiveDead(100, 5000)
    await world.settle('dead', world.receipts.slice(dead), 'acknowledge')
  }
  expect(world.records.filter(({ state }) => state !== 'gone')).toEqual([])
  expect(world.errors).toEqual([])
  await world.restart()
  const { live, dead } = (await world.queue.look('q', 0))!
  expect([live.runs, dead.size]).toEqual([[], 0])
  world.queue.close()
}

test('does what the model of single records does, over restarts', async () => {
  const given = process.env['QUEUE_SEED']
  for (let history = 0; history < (given ? 1 : 5); history++) {
    const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 31)
    await play(seed, 250).catch((error: Error) => {
      error.message = `QUEUE_SEED=${seed}: ${error.message}`
      throw error
    })
  }
})

test('a queue has a bound of records in flight', async () => {
  const world = new World()
  const batches = [{ first: 0, last: 3 * queueInFlightMax, deliverable: true }]
  const receive = async (recordsMax: number) => {
    const event = { verb: 'receive', logStartOffset: 0, recordsMax, holdMs: 1000, readFrom: 0, batches } as const
    return (await world.queue.ask('q', 0, event)).received.length
  }
  expect(await receive(queueInFlightMax)).toBe(queueInFlightMax)
  expect(await receive(10)).toBe(0)
  await world.clock.advance(1000)
  expect(await receive(10)).toBe(10)
  world.queue.close()
})

test('what cannot be stored is not handed out, and not settled', async () => {
  const world = new World()
  world.put(2, () => true)
  world.store.isFull = true
  const event = {
    verb: 'receive',
    logStartOffset: 0,
    recordsMax: 1,
    holdMs: 50,
    readFrom: 0,
    batches: [{ first: 0, last: 1, deliverable: true }],
  } as const
  expect(await world.queue.ask('q', 0, event)).toEqual({ error: 'not-stored', received: [], faults: [] })
  world.store.isFull = false
  await world.receive(1, 50)
  world.store.isFull = true
  const receipts = [{ ...world.receipts[0]!, to: 'acknowledge' as const }]
  expect((await world.queue.ask('q', 0, { verb: 'settle', receipts })).error).toBe('not-stored')
  // The expired hold is stored when there is room again.
  await world.clock.advance(50)
  world.store.isFull = false
  await world.clock.advance(2000)
  await world.receive(1, 50)
  world.queue.close()
})
