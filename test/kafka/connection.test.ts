// Order, pipelining and bounds of one connection, with handlers that answer when the test says so.
import { afterEach, describe, expect, test } from 'vitest'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { fetch } from '../../protocol/messages/fetch.ts'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { saslAuthenticate } from '../../protocol/messages/sasl-authenticate.ts'
import { ManualClock } from '../../src/clock.ts'
import { type Handler, handler, Refusal } from '../../src/kafka/context.ts'
import { type Door, type DoorOptions, readAnswer, startDoor, type Wire } from './harness.ts'

/** Requests that handlers were given, each with the means to let it go on and to answer. */
interface Held {
  memberId: string
  proceed(): void
  answer(errorCode?: number): void
  fail(error: unknown): void
}

let doors: Door[] = []
afterEach(async () => {
  for (const door of doors) await door[Symbol.asyncDispose]()
  doors = []
})

async function start(options: DoorOptions = {}): Promise<Door> {
  const door = await startDoor(options)
  doors.push(door)
  return door
}

/** A door whose Heartbeat waits for the test. `seen(n)` settles when n requests have started. */
async function startHeld(options: DoorOptions = {}) {
  const held: Held[] = []
  const waiting: { count: number; resolve(): void }[] = []
  const handleHeartbeat = handler(
    heartbeat,
    ({ memberId }, { respond, silence, hangUp, proceed }) =>
      new Promise((resolve, reject) => {
        held.push({
          memberId,
          proceed,
          fail: reject,
          answer(errorCode = 0) {
            if (memberId === 'silent') resolve(silence())
            else if (memberId === 'bad') resolve(hangUp('bad member'))
            else resolve(respond({ throttleTimeMs: 0, errorCode }))
          },
        })
        for (const { count, resolve: seen } of waiting) if (held.length >= count) seen()
      }),
  )
  const door = await start({ ...options, handlers: [handleHeartbeat, ...(options.handlers ?? [])] })
  const seen = (count: number) => new Promise<void>((resolve) => (held.length >= count ? resolve() : waiting.push({ count, resolve })))
  return { door, held, seen }
}

const beat = (wire: Wire, memberId = 'm', version = 4) => wire.send(heartbeat, version, { groupId: 'g', generationId: 1, memberId })
const idOf = (frame: Buffer) => readAnswer(heartbeat, 4, frame).correlationId
/** Long enough for anything that could happen by itself to happen. */
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe.each([{ readByEvents: false }, { readByEvents: true }])('order, %o', ({ readByEvents }) => {
  test('a request starts when the one before it was answered', async () => {
    const { door, held, seen } = await startHeld({ readByEvents })
    await using wire = await door.open()
    beat(wire, 'a')
    beat(wire, 'b')
    await seen(1)
    await settle()
    expect(held.map(({ memberId }) => memberId)).toEqual(['a'])
    held[0]?.answer()
    expect(idOf(await wire.next())).toBe(1)
    await seen(2)
    held[1]?.answer()
    expect(idOf(await wire.next())).toBe(2)
  })

  test('a request that proceeds lets the next one start, and answers leave in the order of the requests', async () => {
    const { door, held, seen } = await startHeld({ readByEvents })
    await using wire = await door.open()
    for (const member of ['a', 'b', 'c']) beat(wire, member)
    await seen(1)
    held[0]?.proceed()
    await seen(2)
    held[1]?.proceed()
    await seen(3)
    held[2]?.answer()
    held[1]?.answer()
    await settle()
    expect(wire.unread).toBe(0)
    held[0]?.answer()
    expect([idOf(await wire.next()), idOf(await wire.next()), idOf(await wire.next())]).toEqual([1, 2, 3])
  })

  test('a request without an answer still has its turn', async () => {
    const { door, held, seen } = await startHeld({ readByEvents })
    await using wire = await door.open()
    beat(wire, 'silent')
    beat(wire, 'b')
    await seen(1)
    held[0]?.proceed()
    await seen(2)
    held[1]?.answer()
    await settle()
    expect(wire.unread).toBe(0)
    held[0]?.answer()
    expect(idOf(await wire.next())).toBe(2)
  })

  test('a hang-up comes after the answers before it, and drops what comes after it', async () => {
    const { door, held, seen } = await startHeld({ readByEvents })
    await using wire = await door.open()
    for (const member of ['a', 'bad', 'c']) beat(wire, member)
    await seen(1)
    for (const i of [0, 1]) {
      held[i]?.proceed()
      await seen(i + 2)
    }
    held[2]?.answer()
    held[1]?.answer()
    held[0]?.answer()
    expect(idOf(await wire.next())).toBe(1)
    await wire.closed
    expect(wire.unread).toBe(0)
    expect(door.log).toMatchObject([{ level: 'warn', message: 'kafka connection closed', fields: { reason: 'bad member' } }])
  })
})

describe('errors', () => {
  test('a refusal is answered with its code, an unexpected error with UNKNOWN_SERVER_ERROR and a line in the log', async () => {
    const { door, held, seen } = await startHeld()
    await using wire = await door.open()
    beat(wire)
    beat(wire)
    await seen(1)
    held[0]?.fail(new Refusal(25))
    expect(readAnswer(heartbeat, 4, await wire.next()).body.errorCode).toBe(25)
    await seen(2)
    held[1]?.fail(new TypeError('a bug'))
    expect(readAnswer(heartbeat, 4, await wire.next()).body.errorCode).toBe(-1)
    expect(door.log).toMatchObject([{ level: 'error', message: 'kafka request failed', fields: { api: 'Heartbeat' } }])
    const counts = door.counters.operations.get('kafka Heartbeat')
    expect([...(counts?.byError ?? [])]).toEqual([
      ['UNKNOWN_MEMBER_ID', 1],
      ['UNKNOWN_SERVER_ERROR', 1],
    ])
  })

  test('a handler without an errorCode at the top says how an error looks', async () => {
    const refusing = handler(
      deleteGroups,
      () => {
        throw new Refusal(41, 'not here')
      },
      { refuse: ({ errorCode }, { groupsNames }) => ({ throttleTimeMs: 0, results: groupsNames.map((groupId) => ({ groupId, errorCode })) }) },
    )
    const door = await start({ handlers: [refusing] })
    await using wire = await door.open()
    expect((await wire.ask(deleteGroups, 2, { groupsNames: ['x'] })).results).toMatchObject([{ groupId: 'x', errorCode: 41 }])
  })

  test('an answer that cannot be encoded closes that connection and is logged', async () => {
    const broken = handler(heartbeat, (_, { respond }) => respond({ throttleTimeMs: 0, errorCode: 70_000 }))
    const door = await start({ handlers: [broken] })
    await using wire = await door.open()
    beat(wire)
    await wire.closed
    expect(door.log.map(({ message }) => message)).toEqual(['kafka answer cannot be encoded', 'kafka connection closed'])
  })
})

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
    const { door, held, seen } = await startHeld({ settings: { 'queued.max.request.bytes': 100_000 } })
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

  test('a client that stops in the middle of a request loses its connection while others wait for memory', async () => {
    const clock = new ManualClock()
    const { door, held, seen } = await startHeld({ clock, settings: { 'queued.max.request.bytes': 50_000 } })
    await using stalled = await door.open()
    await using other = await door.open()
    const start = Buffer.alloc(1000)
    start.writeInt32BE(40_000)
    stalled.write(start)
    while (door.counters.doors.kafka.bytesIn < 1000) await settle()
    beat(other, 'x'.repeat(30_000))
    while (door.counters.doors.kafka.bytesIn < 2000) await settle()
    await settle()
    expect(held).toHaveLength(0)
    await clock.advance(20_000)
    expect(door.log).toEqual([])
    await clock.advance(20_000)
    await stalled.closed
    expect(door.log[0]?.fields['reason']).toContain('stopped in the middle of a request')
    await seen(1)
    held[0]?.answer()
    expect(idOf(await other.next())).toBe(1)
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
    await settle()
    expect(release).toHaveLength(2)
    release[1]?.()
    for (let i = 0; i < 3; i++) await wire.next()
    expect(most).toBe(1)
  })
})

describe('bad frames', () => {
  const heartbeats: Handler = handler(heartbeat, (_, { respond }) => respond({ throttleTimeMs: 0, errorCode: 0 }))
  const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

  test.each([
    ['a negative length', 'ffffffff', 'no Kafka request'],
    ['a length over the limit', '40000000', 'socket.request.max.bytes'],
    ['an unknown API', '0000000a 7fff 0000 00000001 0000', 'API key 32767 is not served'],
    ['an unknown version', '0000000a 000c 0063 00000001 0000', 'Heartbeat 99 is not served; 0 to 4 are'],
    ['a version below', '0000000a 000c ffff 00000001 0000', 'Heartbeat -1 is not served'],
    ['a truncated body', '0000000c 000c 0000 00000001 ffff 0005', 'cannot be read'],
    ['a truncated header', '00000008 000c 0000 00000001', 'cannot be read'],
    ['letters of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex'), 'socket.request.max.bytes'],
  ])('%s closes the connection with one line in the log, and nobody else notices', async (_, hex, reason) => {
    const door = await start({ handlers: [heartbeats] })
    await using other = await door.open()
    await using wire = await door.open()
    beat(wire)
    wire.write(bytes(hex))
    expect(idOf(await wire.next())).toBe(1)
    await wire.closed
    expect(door.log).toHaveLength(1)
    expect(door.log[0]?.fields['reason']).toContain(reason)
    expect(door.counters.doors.kafka.connectionsRejected).toBe(1)
    beat(other)
    expect(idOf(await other.next())).toBe(1)
  })
})

describe('the server', () => {
  const heartbeats: Handler = handler(heartbeat, (_, { respond }) => respond({ throttleTimeMs: 0, errorCode: 0 }))

  test('connections above max.connections are closed at once, and there is room again when one leaves', async () => {
    const door = await start({ handlers: [heartbeats], settings: { 'max.connections': 2 } })
    const first = await door.open()
    await using second = await door.open()
    beat(first)
    beat(second)
    await first.next()
    await second.next()
    const third = await door.open()
    await third.closed
    expect(door.log[0]?.message).toBe('kafka connection refused')
    await first[Symbol.asyncDispose]()
    while (door.server.connectionCount > 1) await settle()
    await using fourth = await door.open()
    beat(fourth)
    expect(idOf(await fourth.next())).toBe(1)
  })

  test('an idle connection is closed after connections.max.idle.ms, a busy one is not', async () => {
    const clock = new ManualClock()
    const { door, held, seen } = await startHeld({ clock, settings: { 'connections.max.idle.ms': 5000 } })
    await using idle = await door.open()
    await using busy = await door.open()
    beat(busy)
    await seen(1)
    while (door.server.connectionCount < 2) await settle()
    await clock.advance(20_000)
    await idle.closed
    held[0]?.answer()
    expect(idOf(await busy.next())).toBe(1)
    expect(door.log).toEqual([])
  })

  test('on stop, requests under way are answered, and connections close', async () => {
    const { door, held, seen } = await startHeld()
    await using wire = await door.open()
    await using idle = await door.open()
    beat(wire, 'a')
    beat(wire, 'b')
    await seen(1)
    const closed = door.server.close(60_000)
    await idle.closed
    held[0]?.answer()
    await seen(2)
    held[1]?.answer()
    expect([idOf(await wire.next()), idOf(await wire.next())]).toEqual([1, 2])
    await closed
    await wire.closed
    await expect(door.open()).rejects.toThrow()
  })

  test('on stop, the deadline ends what does not end by itself', async () => {
    const clock = new ManualClock()
    const { door, seen } = await startHeld({ clock })
    await using wire = await door.open()
    beat(wire)
    await seen(1)
    const closed = door.server.close(3000)
    await clock.advance(3000)
    await closed
    await wire.closed
    expect(door.counters.doors.kafka.connections).toBe(0)
  })

  test('an address in use is told to whoever starts it', async () => {
    const door = await start({ handlers: [heartbeats] })
    const { createKafkaServer } = await import('../../src/kafka/server.ts')
    const again = createKafkaServer({
      ...(door as never as object),
      settings: door.engine.settings,
      host: '127.0.0.1',
      port: door.server.port,
    } as never)
    await expect(again.listen()).rejects.toThrow(/EADDRINUSE/)
  })
})
