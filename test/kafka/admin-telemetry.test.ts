// Client telemetry over the wire (KIP-714): subscriptions by configs, pushes into /metrics, refusals, bounds.
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiVersions } from '../../protocol/messages/api-versions.ts'
import { getTelemetrySubscriptions } from '../../protocol/messages/get-telemetry-subscriptions.ts'
import { incrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import { pushTelemetry } from '../../protocol/messages/push-telemetry.ts'
import { zeroUuid } from '../../protocol/reader.ts'
import { compress } from '../../protocol/records/compression.ts'
import { type Broker, createBroker } from '../../src/broker.ts'
import { ClientSeries } from '../../src/client-series.ts'
import { ManualClock } from '../../src/clock.ts'
import { decodeOtlp, OtlpInvalid } from '../../src/kafka/telemetry/otlp.ts'
import { RawClient } from './raw-client.ts'

// Just enough protobuf to write what a client pushes.
const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)])
const bytes = (field: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(content.length)]), content])
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value))
const flag = (field: number, value: number): Buffer => Buffer.from([...varint(field << 3), ...varint(value)])
const double = (field: number, value: number): Buffer => {
  const out = Buffer.alloc(9)
  out[0] = (field << 3) | 1
  out.writeDoubleLE(value, 1)
  return out
}
const integer = (field: number, value: bigint): Buffer => {
  const out = Buffer.alloc(9)
  out[0] = (field << 3) | 1
  out.writeBigInt64LE(value, 1)
  return out
}
const attribute = (key: string, value: string): Buffer => bytes(7, Buffer.concat([text(1, key), bytes(2, text(1, value))]))
const gauge = (name: string, value: number, ...attributes: Buffer[]): Buffer =>
  bytes(2, Buffer.concat([text(1, name), text(3, 'ms'), bytes(5, bytes(1, Buffer.concat([double(4, value), ...attributes])))]))
const sum = (name: string, value: bigint, delta = true): Buffer =>
  bytes(2, Buffer.concat([text(1, name), bytes(7, Buffer.concat([bytes(1, integer(6, value)), flag(2, delta ? 1 : 2), flag(3, 1)]))]))
const histogram = (name: string, count: bigint, total: number): Buffer =>
  bytes(2, Buffer.concat([text(1, name), bytes(9, Buffer.concat([bytes(1, Buffer.concat([integer(4, count), double(5, total)])), flag(2, 1)]))]))
const metricsData = (...metrics: Buffer[]): Buffer =>
  bytes(1, Buffer.concat([bytes(1, attribute('service', 'x')), bytes(2, Buffer.concat([bytes(1, text(1, 'scope')), ...metrics]))]))

describe('OpenTelemetry’s bytes', () => {
  test('gauges, sums and histograms are read with their attributes', () => {
    const data = metricsData(gauge('g', 1.5, attribute('b', '2'), attribute('a', '1')), sum('s', 7n), sum('t', -3n, false), histogram('h', 4n, 9.5))
    expect(decodeOtlp(data)).toEqual([
      { metric: 'g', attributes: 'a=1,b=2', kind: 'gauge', value: 1.5, delta: false },
      { metric: 's', attributes: '', kind: 'count', value: 7, delta: true },
      { metric: 't', attributes: '', kind: 'count', value: -3, delta: false },
      { metric: 'h.count', attributes: '', kind: 'count', value: 4, delta: true },
      { metric: 'h.sum', attributes: '', kind: 'count', value: 9.5, delta: true },
    ])
    expect(decodeOtlp(Buffer.alloc(0))).toEqual([])
  })

  test('every cut of a push is refused or read as less, and never hangs', () => {
    const data = metricsData(gauge('g', 1.5, attribute('a', '1')), sum('s', 7n))
    for (let length = 1; length < data.length; length++) {
      expect(() => decodeOtlp(data.subarray(0, length))).toThrow(OtlpInvalid)
    }
  })
})

describe('series of clients are bounded', () => {
  const labels = (clientInstanceId: string) => ({ clientId: 'c', clientInstanceId })
  const point = (metric: string, value: number) => ({ metric, attributes: '', kind: 'count' as const, value, delta: true })

  test('counts add up, room runs out, quiet clients make room', () => {
    const series = new ClientSeries(2)
    series.push(labels('1'), [point('a', 1), point('b', 1)], 0, 100)
    series.push(labels('2'), [point('a', 1)], 1, 100)
    series.push(labels('1'), [point('a', 2)], 2, 50)
    expect([...series.all('count')].map(({ labels: of, metric, value }) => `${of.clientInstanceId} ${metric} ${value}`)).toEqual(['1 a 3', '1 b 1'])
    expect([series.dropped, series.clients]).toEqual([1, 1])
    series.push(labels('2'), [point('a', 1)], 50, 100)
    expect([...series.all('count')].map(({ labels: of }) => of.clientInstanceId)).toEqual(['2'])
  })
})

describe('a client', () => {
  let clock: ManualClock
  let broker: Broker
  let client: RawClient

  beforeEach(async () => {
    clock = new ManualClock()
    broker = await createBroker({ clock, settings: { 'telemetry.enable': true } })
    client = await RawClient.connect(broker.kafka, 'shop')
    await client.ask(apiVersions, 3, { clientSoftwareName: 'apache-kafka-java', clientSoftwareVersion: '4.4.0' })
  })
  afterEach(async () => {
    client.close()
    await broker.close()
  })

  const subscribe = async (name: string, configs: Record<string, string>) => {
    const changes = Object.entries(configs).map(([key, value]) => ({ name: key, configOperation: 0, value }))
    await client.ask(incrementalAlterConfigs, 1, { resources: [{ resourceType: 16, resourceName: name, configs: changes }], validateOnly: false })
  }
  const get = (clientInstanceId = zeroUuid) => client.ask(getTelemetrySubscriptions, 0, { clientInstanceId })
  const push = async (
    of: { clientInstanceId: string; subscriptionId: number },
    metrics: Buffer,
    more: { terminating?: boolean; compressionType?: number } = {},
  ) => {
    const { clientInstanceId, subscriptionId } = of
    const request = { clientInstanceId, subscriptionId, terminating: more.terminating ?? false, compressionType: more.compressionType ?? 0, metrics }
    return (await client.ask(pushTelemetry, 0, request)).errorCode
  }
  const shown = async () => {
    const page = await (await fetch(`${broker.admin.url}/metrics`)).text()
    return page
      .split('\n')
      .filter((line) => line.startsWith('twinlog_client_metric{') || line.startsWith('twinlog_client_metric_total{'))
      .map((line) => line.replace(/client_instance_id="[^"]*"/, 'client_instance_id="…"'))
      .sort()
  }

  test('is told of telemetry where it is on', async () => {
    const told = async (raw: RawClient) => {
      const { apiKeys } = await raw.ask(apiVersions, 3, { clientSoftwareName: 'a', clientSoftwareVersion: '1' })
      return apiKeys.map(({ apiKey }) => apiKey).filter((key) => key === 71 || key === 72)
    }
    expect(await told(client)).toEqual([71, 72])
    await using off = await createBroker()
    await using raw = await RawClient.connect(off.kafka)
    expect(await told(raw)).toEqual([])
    expect(await raw.ask(getTelemetrySubscriptions, 0, { clientInstanceId: zeroUuid })).toMatchObject({ errorCode: 0 })
  })

  test('is told nothing where nobody subscribed, and what fits where somebody did', async () => {
    const first = await get()
    expect(first).toMatchObject({ errorCode: 0, pushIntervalMs: 300_000, telemetryMaxBytes: 1_048_576, deltaTemporality: true, requestedMetrics: [] })
    expect(first.acceptedCompressionTypes).toEqual([4, 3, 1, 2])
    expect(first.clientInstanceId).not.toBe(zeroUuid)
    await subscribe('a', { metrics: 'org.apache,b', match: 'client_id=sh.*,client_software_name=apache-kafka-java', 'interval.ms': '5000' })
    await subscribe('b', { metrics: 'other', match: 'client_id=nobody' })
    await subscribe('c', { metrics: 'c', match: 'client_id=sho' })
    const second = await get(first.clientInstanceId)
    expect(second).toMatchObject({
      errorCode: 0,
      clientInstanceId: first.clientInstanceId,
      pushIntervalMs: 5000,
      requestedMetrics: ['b', 'org.apache'],
    })
    expect(second.subscriptionId).not.toBe(first.subscriptionId)
    await subscribe('d', { metrics: '*' })
    expect((await get(first.clientInstanceId)).requestedMetrics).toEqual(['*'])
  })

  test('whose name would keep a backtracking pattern busy for ever is matched at once; what cannot be matched so is refused', async () => {
    await subscribe('slow', { metrics: 'a', match: 'client_id=(x+x+)+y' })
    await using other = await RawClient.connect(broker.kafka, 'x'.repeat(255))
    expect((await other.ask(getTelemetrySubscriptions, 0, { clientInstanceId: zeroUuid })).requestedMetrics).toEqual([])
    const changes = [{ name: 'match', configOperation: 0, value: 'client_id=(a)\\1' }]
    const resources = [{ resourceType: 16, resourceName: 's', configs: changes }]
    const { responses } = await client.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
    expect(responses[0]).toMatchObject({ errorCode: 40, errorMessage: 'Illegal client matching pattern: client_id=(a)\\1' })
  })

  test('may pack its push with every codec that it is told of, and garbage in each is refused', async () => {
    await subscribe('all', { metrics: '*', 'interval.ms': '1000' })
    const told = await get()
    for (const codec of told.acceptedCompressionTypes) {
      expect(await push(told, compress(codec, metricsData(sum('sent', 1n))), { compressionType: codec }), `codec ${codec}`).toBe(0)
      await clock.advance(1000)
      expect(await push(told, Buffer.from('garbage'), { compressionType: codec }), `garbage as codec ${codec}`).toBe(87)
      await clock.advance(1000)
    }
    expect((await shown())[0]).toMatch(/metric="sent".* 4$/)
    for (const codec of told.acceptedCompressionTypes) {
      // More than ten times what a push may have, out of a few bytes.
      expect(await push(told, compress(codec, Buffer.alloc(11_000_000)), { compressionType: codec }), `bomb as codec ${codec}`).toBe(87)
      await clock.advance(1000)
    }
  })

  test('that asks again too soon is refused', async () => {
    const { clientInstanceId } = await get()
    expect((await get(clientInstanceId)).errorCode).toBe(89)
    await clock.advance(300_000)
    expect((await get(clientInstanceId)).errorCode).toBe(0)
  })

  test('pushes what /metrics then shows, packed or not, until it ends', async () => {
    await subscribe('all', { metrics: '*', 'interval.ms': '1000' })
    const told = await get()
    const data = metricsData(gauge('org.apache.kafka.lag', 2.5, attribute('topic', 't')), sum('org.apache.kafka.sent', 7n))
    expect(await push(told, data)).toBe(0)
    const [of, lag, sent] = ['client_id="shop",client_instance_id="…"', 'org.apache.kafka.lag', 'org.apache.kafka.sent']
    expect(await shown()).toEqual([
      `twinlog_client_metric_total{metric="${sent}",${of},attributes=""} 7`,
      `twinlog_client_metric{metric="${lag}",${of},attributes="topic=t"} 2.5`,
    ])
    expect(await push(told, data)).toBe(89)
    await clock.advance(1000)
    expect(await push(told, gzipSync(metricsData(sum('org.apache.kafka.sent', 3n))), { compressionType: 1 })).toBe(0)
    expect((await shown())[0]).toMatch(/attributes=""} 10$/)
    expect(await push(told, Buffer.alloc(0), { terminating: true })).toBe(0)
    expect(await shown()).toEqual([])
    expect(await push(told, data, { terminating: true })).toBe(42)
  })

  test('whose push cannot be taken learns why, and may ask again at once', async () => {
    await subscribe('all', { metrics: '*', 'interval.ms': '1000' })
    const told = await get()
    expect(await push({ clientInstanceId: zeroUuid, subscriptionId: 1 }, Buffer.alloc(0))).toBe(42)
    expect(await push({ ...told, subscriptionId: told.subscriptionId + 1 }, Buffer.alloc(0))).toBe(117)
    expect((await get(told.clientInstanceId)).errorCode).toBe(0)
    expect(await push(told, Buffer.alloc(5), { compressionType: 9 })).toBe(76)
    expect((await get(told.clientInstanceId)).errorCode).toBe(0)
    expect(await push(told, Buffer.alloc(1_048_577))).toBe(118)
    await clock.advance(1000)
    expect(await push(told, Buffer.from([0xff, 0xff, 0xff]))).toBe(87)
    await clock.advance(1000)
    expect(await push(told, Buffer.from('not gzip'), { compressionType: 1 })).toBe(87)
  })

  test('that the broker has forgotten is known again with its next push', async () => {
    await subscribe('all', { metrics: '*', 'interval.ms': '1000' })
    const told = await get()
    await using other = await createBroker({ clock })
    await using again = await RawClient.connect(other.kafka, 'shop')
    const resources = [
      {
        resourceType: 16,
        resourceName: 'all',
        configs: [
          ['metrics', '*'],
          ['interval.ms', '1000'],
        ],
      },
    ].map(({ configs, ...resource }) => ({
      ...resource,
      configs: configs.map(([name, value]) => ({ name: name ?? '', configOperation: 0, value: value ?? '' })),
    }))
    await again.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
    const request = { clientInstanceId: told.clientInstanceId, subscriptionId: told.subscriptionId, terminating: false, compressionType: 0 }
    expect((await again.ask(pushTelemetry, 0, { ...request, metrics: metricsData(sum('s', 1n)) })).errorCode).toBe(0)
  })
})
