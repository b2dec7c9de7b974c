// How many may connect, and how fast: limits that act from the next connection on when they are changed while the broker runs.
import { expect, test } from 'vitest'
import { heartbeat } from '../../protocol/messages/heartbeat.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { ManualClock } from '../../src/clock.ts'
import { Admission, plainAddress } from '../../src/kafka/admission.ts'
import { RawClient } from './raw-client.ts'

const beat = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }

async function alter(client: RawClient, name: string, value: string): Promise<[number, string | null]> {
  const resources = [{ resourceType: 4, resourceName: '', configs: [{ name, configOperation: 0, value }] }]
  const { responses } = await client.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
  return [responses[0]!.errorCode, responses[0]!.errorMessage]
}

async function isServed(broker: Broker): Promise<boolean> {
  await using client = await RawClient.connect(broker.kafka)
  try {
    await client.ask(heartbeat, 4, beat)
    return true
  } catch {
    return false
  }
}

test('max.connections.per.ip.overrides wins over max.connections.per.ip for its addresses, up and down', async () => {
  await using broker = await createBroker()
  await using client = await RawClient.connect(broker.kafka)
  expect(await alter(client, 'max.connections.per.ip', '1')).toEqual([0, null])
  expect(await isServed(broker)).toBe(false)
  expect(await alter(client, 'max.connections.per.ip.overrides', '10.0.0.1:1, 127.0.0.1:3,::1:7')).toEqual([0, null])
  expect(await isServed(broker)).toBe(true)
  expect(await alter(client, 'max.connections.per.ip', '100')).toEqual([0, null])
  expect(await alter(client, 'max.connections.per.ip.overrides', '127.0.0.1:1')).toEqual([0, null])
  expect(await isServed(broker)).toBe(false)
  for (const wrong of ['foo', '127.0.0.1', ':5', '127.0.0.1:x', '127.0.0.1:-1', 'some.host:5'])
    expect((await alter(client, 'max.connections.per.ip.overrides', wrong))[0], wrong).toBe(42)
})

test('connections above max.connection.creation.rate wait for their turn, and are then served', async () => {
  const clock = new ManualClock()
  await using broker = await createBroker({ clock, settings: { 'quota.window.num': 2, 'quota.window.size.seconds': 1 } })
  await using client = await RawClient.connect(broker.kafka)
  expect((await alter(client, 'max.connection.creation.rate', '0'))[0]).toBe(42)
  expect(await alter(client, 'max.connection.creation.rate', '2')).toEqual([0, null])
  // One in a second is here; one more may come at once.
  await using second = await RawClient.connect(broker.kafka)
  await second.ask(heartbeat, 4, beat)
  await using third = await RawClient.connect(broker.kafka)
  await using gone = await RawClient.connect(broker.kafka)
  let answered = false
  const answer = third.ask(heartbeat, 4, beat).then(() => {
    answered = true
  })
  await second.ask(heartbeat, 4, beat)
  gone.close()
  await second.ask(heartbeat, 4, beat)
  expect(answered).toBe(false)
  await clock.advance(1_000)
  await answer
})

test('an IPv4 client of an IPv6 socket counts under its own address, and who left is not counted any more', () => {
  expect(['::ffff:10.0.0.1', '10.0.0.1', '::1'].map(plainAddress)).toEqual(['10.0.0.1', '10.0.0.1', '::1'])
  const values = new Map<string, unknown>([
    ['max.connections', 3],
    ['max.connections.per.ip', 2],
    ['max.connections.per.ip.overrides', new Map([['a', 1]])],
    ['max.connection.creation.rate', 1_000],
    ['quota.window.num', 11],
    ['quota.window.size.seconds', 1],
  ])
  const settings = { get: (name: string) => values.get(name) }
  const admission = new Admission(settings as never, new ManualClock(), { off: true } as never)
  const kind = (host: string): string => admission.came(host).kind
  expect([kind('a'), kind('a'), kind('b'), kind('b'), kind('c')]).toEqual(['enter', 'refuse', 'enter', 'enter', 'refuse'])
  admission.left('b')
  expect([kind('b'), kind('c')]).toEqual(['enter', 'refuse'])
  admission.left('a')
  expect([kind('b'), kind('a')]).toEqual(['refuse', 'enter'])
})
