// Bad frames, and the server as a whole: limits, stop.
import { describe, expect, test } from 'vitest'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { ManualClock } from '../../src/clock.ts'
import { type Handler, handler } from '../../src/kafka/context.ts'
import { beat, idOf, settle, start, startHeld } from './held-door.ts'

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
    ['letters of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex'), 'this client speaks HTTP'],
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
    // Both have come in: what has not is not under way.
    while (door.counters.doors.kafka.bytesIn < wire.socket.bytesWritten) await settle()
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
    const { KafkaServer } = await import('../../src/kafka/server.ts')
    const again = new KafkaServer({
      ...(door as never as object),
      settings: door.engine.settings,
      host: '127.0.0.1',
      port: door.server.port,
    } as never)
    await expect(again.listen()).rejects.toThrow(/EADDRINUSE/)
  })
})
