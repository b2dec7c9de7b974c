// THE list of handlers: complete, free of doubles, and what ApiVersions answers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import type { Handler } from '../../src/kafka/context.ts'
import { handlers } from '../../src/kafka/handlers/index.ts'
import { frameOf, readAnswer, startDoor } from './harness.ts'

const folder = join(import.meta.dirname, '../../src/kafka/handlers')
const files = readdirSync(folder).filter((file) => file !== 'index.ts')
const kebab = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()

describe('the list', () => {
  test('holds every handler that there is a file for, once', () => {
    expect(handlers.map(({ name }) => `${kebab(name)}.ts`).sort()).toEqual(files.sort())
    expect(new Set(handlers.map(({ key }) => key)).size).toBe(handlers.length)
  })

  test.each(files)('%s opens with its API’s name, key and versions, and says where it differs from Apache Kafka', async (file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const front = text.slice(0, text.search(/^(?!\/\/)/m))
    const made = Object.values((await import(join(folder, file))) as Record<string, Handler>).find((value) => value.api)
    expect(front).toContain(`${made?.name} (${made?.key}), version`)
    expect(front).toMatch(new RegExp(`versions? ${made?.min}(-${made?.max})?\\b`))
    expect(front).toMatch(/Apache Kafka/)
  })

  test('serves no version that is not declared', () => {
    for (const { api, min, max } of handlers) {
      expect(min).toBeGreaterThanOrEqual(api.versions[0])
      expect(max).toBeLessThanOrEqual(api.versions[1])
    }
  })
})

describe('ApiVersions', () => {
  const software = { clientSoftwareName: 'test-client', clientSoftwareVersion: '1.0' }

  test.each([0, 1, 2, 3, 4, 5])('version %i lists exactly what is served', async (version) => {
    await using door = await startDoor()
    await using wire = await door.open()
    const answer = await wire.ask(apiVersions, version, software)
    expect(answer.errorCode).toBe(0)
    // Telemetry is told of where it is on.
    const told = handlers.filter(({ toldWith }) => toldWith === null)
    const expected = told.map(({ key, min, max }) => ({ apiKey: key, minVersion: min, maxVersion: max }))
    expect(answer.apiKeys).toEqual(expected.sort((a, b) => a.apiKey - b.apiKey))
  })

  test('old clients see what they gate their features on', () => {
    const of = (name: string) => handlers.find((handler) => handler.name === name)
    // librdkafka turns compression off where Produce does not begin at 0 (KAFKA-18659).
    expect(of('Produce')).toMatchObject({ min: 0, max: 13 })
    expect(of('Metadata')).toMatchObject({ min: 0, max: 13 })
    expect(of('JoinGroup')).toMatchObject({ min: 0, max: 9 })
  })

  test('a version above ours is answered in version 0, with error 35 and the list (KIP-511)', async () => {
    await using door = await startDoor()
    await using wire = await door.open()
    const frame = frameOf(apiVersions, 5, 77, software)
    frame.writeInt16BE(99, 6)
    wire.write(frame)
    const { correlationId, body } = readAnswer(apiVersions, 0, await wire.next())
    expect(correlationId).toBe(77)
    expect(body.errorCode).toBe(35)
    expect(body.apiKeys.find(({ apiKey }) => apiKey === 18)).toEqual({ apiKey: 18, minVersion: 0, maxVersion: 5 })
    // And the connection goes on.
    expect((await wire.ask(apiVersions, 3, software)).errorCode).toBe(0)
  })

  test.each(['', '-a', 'a-', 'a b', 'ä'])('a client software called %j is an invalid request', async (name) => {
    await using door = await startDoor()
    await using wire = await door.open()
    expect(await wire.ask(apiVersions, 3, { clientSoftwareName: name, clientSoftwareVersion: '1' })).toMatchObject({ errorCode: 42, apiKeys: [] })
    expect(await wire.ask(apiVersions, 3, { clientSoftwareName: 'a', clientSoftwareVersion: name })).toMatchObject({ errorCode: 42 })
  })

  test('a client that means another cluster or node is told to start over (KIP-1242)', async () => {
    await using door = await startDoor()
    await using wire = await door.open()
    const ask = async (clusterId: string | null, nodeId: number) => (await wire.ask(apiVersions, 5, { ...software, clusterId, nodeId })).errorCode
    const { clusterId, nodeId } = door.engine
    expect(await ask(clusterId, nodeId)).toBe(0)
    expect(await ask(null, -1)).toBe(0)
    expect(await ask('another', nodeId)).toBe(129)
    expect(await ask(clusterId, nodeId + 1)).toBe(129)
    // Whoever names one names both.
    expect(await ask(clusterId, -1)).toBe(42)
    expect(await ask(null, nodeId)).toBe(42)
  })

  test('the whole list fits a handler’s types: an unlisted one is not served', async () => {
    await using door = await startDoor({ handlers: handlers.filter(({ name }) => name !== 'Heartbeat') })
    await using wire = await door.open()
    expect((await wire.ask(apiVersions, 0, software)).apiKeys.some(({ apiKey }) => apiKey === 12)).toBe(false)
    wire.send(heartbeat, 4, { groupId: 'g', generationId: 0, memberId: 'm' })
    await wire.closed
  })
})
