// Order, pipelining and errors of one connection.
import { describe, expect, test } from 'vitest'
import { deleteGroups } from '../../protocol/messages/delete-groups.ts'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { handler, Refusal } from '../../src/kafka/context.ts'
import { readAnswer } from './harness.ts'
import { beat, idOf, settle, start, startHeld } from './held-door.ts'

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
