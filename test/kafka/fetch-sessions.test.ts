// Fetch sessions over a raw socket.
import { describe, expect, test } from 'vitest'
import type { FetchOptions, Wanted } from './data-door.ts'
import { door, get, newTopic, put } from './data-door.ts'

describe('fetch sessions (KIP-227)', () => {
  test('an incremental fetch tells only of partitions with news, and keeps what the client asked for', async () => {
    const topic = await newTopic(3)
    await put(topic, ['a'], 1)
    const full = await get(topic, [{ index: 0 }, { index: 1 }, { index: 2 }], { sessionEpoch: 0 })
    expect(full.parts).toHaveLength(3)
    const { sessionId } = full
    expect(sessionId).toBeGreaterThan(0)
    const next = (epoch: number, wanted: Wanted[], options: FetchOptions = {}) => get(topic, wanted, { sessionId, sessionEpoch: epoch, ...options })
    // Partition 1 is read on; nothing is new.
    expect((await next(1, [{ index: 1, offset: 1 }])).parts).toEqual([])
    await put(topic, ['b'], 2)
    expect((await next(2, [])).parts).toMatchObject([{ partitionIndex: 2, highWatermark: 1 }])
    // Not read on, so it is told again.
    expect((await next(3, [])).parts).toMatchObject([{ partitionIndex: 2, highWatermark: 1 }])
    await put(topic, ['c'], 0)
    expect((await next(4, [], { forgotten: [2] })).parts).toMatchObject([{ partitionIndex: 0 }])
    // Wrong epochs and ids.
    expect(await next(4, [])).toMatchObject({ errorCode: 71, sessionId: 0, parts: [] })
    expect(await get(topic, [], { sessionId: sessionId + 1, sessionEpoch: 5 })).toMatchObject({ errorCode: 70 })
    expect(await get(topic, [], { sessionId, sessionEpoch: 5 }, 13)).toMatchObject({ errorCode: 106 })
    // Closed.
    expect(await get(topic, [{ index: 0 }], { sessionId, sessionEpoch: -1 })).toMatchObject({ errorCode: 0, sessionId: 0 })
    expect(await next(5, [])).toMatchObject({ errorCode: 70 })
  })

  test('an error is told in every answer, and its end too', async () => {
    const topic = await newTopic(1)
    const { sessionId, parts } = await get(topic, [{ index: 0 }, { index: 1 }], { sessionEpoch: 0 })
    expect(parts.map(({ errorCode }) => errorCode)).toEqual([0, 3])
    expect((await get(topic, [], { sessionId, sessionEpoch: 1 })).parts).toMatchObject([{ partitionIndex: 1, errorCode: 3 }])
    await door.engine.topics.addPartitions(topic.name, 2)
    expect((await get(topic, [], { sessionId, sessionEpoch: 2 })).parts).toMatchObject([{ partitionIndex: 1, errorCode: 0, highWatermark: 0 }])
    expect((await get(topic, [], { sessionId, sessionEpoch: 3 })).parts).toEqual([])
  })

  test('by id, a topic that the session knew is told to be gone, and then that its name means another', async () => {
    const topic = await newTopic(1)
    await put(topic, ['a'])
    const { sessionId } = await get(topic, [{ index: 0 }], { sessionEpoch: 0 }, 13)
    const next = async (epoch: number) => (await get(topic, [], { sessionId, sessionEpoch: epoch }, 13)).parts.map(({ errorCode }) => errorCode)
    await door.engine.topics.delete(topic.name)
    expect(await next(1)).toEqual([3])
    await door.engine.topics.create({ name: topic.name })
    expect(await next(2)).toEqual([103])
    expect(await next(3)).toEqual([103])
    // Nothing is known of an id that was never found.
    expect((await get(topic, [{ index: 0 }], { sessionEpoch: 0 }, 13)).parts).toMatchObject([{ errorCode: 100 }])
  })

  test('who got records waits for the others next time', async () => {
    const topic = await newTopic(2)
    for (const index of [0, 1]) await put(topic, ['x'.repeat(1000)], index)
    const { sessionId, parts } = await get(topic, [{ index: 0 }, { index: 1 }], { sessionEpoch: 0, maxBytes: 1 })
    const withRecords = (all: typeof parts) => all.filter(({ records }) => records!.length > 0).map(({ partitionIndex }) => partitionIndex)
    expect(withRecords(parts)).toEqual([0])
    expect(withRecords((await get(topic, [], { sessionId, sessionEpoch: 1, maxBytes: 1 })).parts)).toEqual([0])
    expect(withRecords((await get(topic, [], { sessionId, sessionEpoch: 2, maxBytes: 1 })).parts)).toEqual([1])
  })
})
