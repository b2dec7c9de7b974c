// Bounds of connections: queued requests and answers, slow and stalled clients.
import { describe, expect, test } from 'vitest'
import { fetch } from '../../protocol/messages/fetch.ts'
import { saslAuthenticate } from '../../protocol/messages/sasl-authenticate.ts'
import { ManualClock } from '../../src/clock.ts'
import { handler } from '../../src/kafka/context.ts'
import type { Wire } from './harness.ts'
import { beat, idOf, settle, start, startHeld } from './held-door.ts'

describe('bounds', () => {
  test('no more than connection.queued.max.requests are taken at a time, and all are answered', async () => {
    const { door, held, seen } = await startHeld({ settings: { 'connection.queued.max.requests': 3 } })
    await using wire = await door.open()
    for (let i = 0; i < 10; i++) beat(wire, `m${i}`)
    await seen(1)
    for (let i = 0; i < 10; i++) {
      held[i]?.proceed()
      await settle()
      // Three are under way; the others are not even read.
      expect(held.length).toBeLessThanOrEqual(i + 3)
      held[i]?.answer()
      expect(idOf(await wire.next())).toBe(i + 1)
      if (i < 9) await seen(i + 2)
    }
  })

  test('requests of all connections stay within queued.max.request.bytes, and none is stuck', async () => {
    const { door, held, seen } = await startHeld({ settings: { 'queued.max.request.bytes': 130_000 } })
    const wires = await Promise.all([door.open(), door.open(), door.open(), door.open()])
    for (const wire of wires) beat(wire, 'x'.repeat(30_000))
    await seen(3)
    await settle()
    expect(held).toHaveLength(3)
    held[0]?.answer()
    await seen(4)
    for (const { answer } of held) answer()
    for (const wire of wires) expect(idOf(await wire.next())).toBe(1)
    for (const wire of wires) await wire[Symbol.asyncDispose]()
  })

  test('a client that leaves while it waits for memory leaves the line', async () => {
    const { door, held, seen } = await startHeld({ settings: { 'queued.max.request.bytes': 50_000 } })
    const [first, second, third] = (await Promise.all([door.open(), door.open(), door.open()])) as [Wire, Wire, Wire]
    beat(first, 'x'.repeat(30_000))
    await seen(1)
    beat(second, 'y'.repeat(30_000))
    await settle()
    beat(third, 'z'.repeat(30_000))
    await settle()
    await second[Symbol.asyncDispose]()
    await settle()
    // Read no further, the broker may not know yet that the second one has gone: then its turn comes first, and is of no use to anybody.
    for (let i = 0; !held.some(({ memberId }) => memberId.startsWith('z')); i++) {
      await seen(i + 1)
      held[i]?.answer()
      await settle()
    }
    held.at(-1)?.answer()
    expect(idOf(await third.next())).toBe(1)
    await first[Symbol.asyncDispose]()
    await third[Symbol.asyncDispose]()
  })

  test('a client that is thrown out while it waits for memory takes none with it', async () => {
    const clock = new ManualClock()
    const { door, held, seen } = await startHeld({ clock, settings: { 'queued.max.request.bytes': 50_000, 'connections.max.idle.ms': 60_000 } })
    await using first = await door.open()
    await using second = await door.open()
    beat(first, 'x'.repeat(30_000))
    await seen(1)
    beat(second, 'y'.repeat(30_000))
    while (door.counters.doors.kafka.bytesIn < 30_100) await settle()
    // The first one's request is being worked on: it is not idle.
    await clock.advance(80_000)
    await second.closed
    held[0]?.answer()
    expect(idOf(await first.next())).toBe(1)
    beat(first, 'z'.repeat(30_000))
    await seen(2)
    held[1]?.answer()
    expect(idOf(await first.next())).toBe(2)
  })

  test('answers that wait for their turn are not counted any more when their client has gone', async () => {
    const { door, held, seen } = await startHeld()
    const wire = await door.open()
    for (const memberId of ['first', 'second']) beat(wire, memberId)
    await seen(1)
    held[0]?.proceed()
    await seen(2)
    held[1]?.answer()
    await expect.poll(() => held[0]?.answerBytes()).toBeGreaterThan(0)
    await wire[Symbol.asyncDispose]()
    await expect.poll(() => held[0]?.answerBytes()).toBe(0)
  })

  test('a client that stops in the middle of a request loses its connection while others wait for memory', async () => {
    const clock = new ManualClock()
    const { door, held, seen } = await startHeld({ clock, settings: { 'queued.max.request.bytes': 50_000 } })
    await using stalled = await door.open()
    await using other = await door.open()
    const start = Buffer.alloc(5000)
    start.writeInt32BE(40_000)
    stalled.write(start)
    while (door.counters.doors.kafka.bytesIn < 5000) await settle()
    beat(other, 'x'.repeat(30_000))
    while (door.counters.doors.kafka.bytesIn < 10_000) await settle()
    await settle()
    expect(held).toHaveLength(0)
    await clock.advance(10_000)
    expect(door.log).toEqual([])
    await clock.advance(10_000)
    await stalled.closed
    expect(door.log[0]?.fields['reason']).toContain('stopped in the middle of a request')
    await seen(1)
    held[0]?.answer()
    expect(idOf(await other.next())).toBe(1)
  })

  test('clients that announce large requests and stop do not hold up the small ones of others', async () => {
    const { door, held, seen } = await startHeld({ settings: { 'queued.max.request.bytes': 200_000 } })
    const stalled = await Promise.all(Array.from({ length: 8 }, () => door.open()))
    const start = Buffer.alloc(5000)
    start.writeInt32BE(100_000)
    for (const wire of stalled) wire.write(start)
    while (door.counters.doors.kafka.bytesIn < 5000) await settle()
    await using large = await door.open()
    beat(large, 'x'.repeat(20_000))
    await using other = await door.open()
    for (let i = 0; i < 3; i++) {
      beat(other, 'small')
      await seen(i + 1)
      held[i]?.answer()
      expect(idOf(await other.next())).toBe(i + 1)
    }
    for (const wire of stalled) await wire[Symbol.asyncDispose]()
    await seen(4)
    held[3]?.answer()
    expect(idOf(await large.next())).toBe(1)
  })

  test('clients that announce large requests and send nothing of them hold up nobody', async () => {
    const { door, held, seen } = await startHeld({ settings: { 'queued.max.request.bytes': 200_000 } })
    const idle = await Promise.all(Array.from({ length: 8 }, () => door.open()))
    const start = Buffer.alloc(1000)
    start.writeInt32BE(140_000)
    for (const wire of idle) wire.write(start)
    while (door.counters.doors.kafka.bytesIn < 8000) await settle()
    await using large = await door.open()
    for (let i = 0; i < 2; i++) {
      beat(large, 'x'.repeat(100_000))
      await seen(i + 1)
      held[i]?.answer()
      expect(idOf(await large.next())).toBe(i + 1)
    }
    for (const wire of idle) await wire[Symbol.asyncDispose]()
  })

  test('a client that takes no answers gets no more made', async () => {
    let made = 0
    const large = handler(saslAuthenticate, (_, { respond }) => {
      made++
      return respond({ errorCode: 0, errorMessage: null, authBytes: Buffer.alloc(1 << 20) })
    })
    const door = await start({ handlers: [large], settings: { 'connection.queued.max.bytes': 4 << 20 } })
    await using wire = await door.open()
    wire.socket.pause()
    for (let i = 0; i < 100; i++) wire.send(saslAuthenticate, 2, { authBytes: Buffer.alloc(10) })
    await settle()
    let before = -1
    while (before !== made) {
      before = made
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    // Some are in the kernel's buffers; the rest waits within the limit.
    expect(made).toBeLessThan(30)
    wire.socket.resume()
    for (let i = 0; i < 100; i++) await wire.next()
    expect(made).toBe(100)
  })

  test('fetches of one connection run one at a time, while others pass a parked one', async () => {
    let running = 0
    let most = 0
    const release: (() => void)[] = []
    const slow = handler(
      fetch,
      async (_, { respond, proceed }) => {
        most = Math.max(most, ++running)
        proceed()
        await new Promise<void>((resolve) => release.push(resolve))
        running--
        return respond({ throttleTimeMs: 0, errorCode: 0, responses: [] })
      },
      { alone: true },
    )
    const { door, held, seen } = await startHeld({ handlers: [slow] })
    await using wire = await door.open()
    const ask = { maxWaitMs: 1, minBytes: 1, topics: [], forgottenTopicsData: [], replicaState: { replicaId: -1, replicaEpoch: -1 } }
    wire.send(fetch, 12, ask)
    beat(wire, 'between')
    wire.send(fetch, 12, ask)
    await seen(1)
    held[0]?.answer()
    await settle()
    expect(release).toHaveLength(1)
    release[0]?.()
    while (release.length < 2) await settle()
    release[1]?.()
    for (let i = 0; i < 3; i++) await wire.next()
    expect(most).toBe(1)
  })
})
