// OpenTelemetry's MetricsData as clients push it (KIP-714; opentelemetry-proto, metrics/v1): the numbers out of its protobuf. Only what is shown is read; fields that are
// not known are skipped, as protobuf asks. Throws OtlpInvalid on bytes that are not that.
import type { ClientPoint } from '../../client-series.ts'

export class OtlpInvalid extends Error {
  override name = 'OtlpInvalid'
}

/** Field numbers of the messages on the way to a data point. */
const field = {
  resourceMetrics: 1,
  scopeMetrics: 2,
  metrics: 2,
  name: 1,
  gauge: 5,
  sum: 7,
  histogram: 9,
  dataPoints: 1,
  temporality: 2,
  monotonic: 3,
  pointDouble: 4,
  pointInt: 6,
  pointAttributes: 7,
  histogramCount: 4,
  histogramSum: 5,
  histogramAttributes: 9,
} as const
const temporalityDelta = 1
/** Points of one push that are looked at: a client has some hundreds. */
const pointsMax = 10_000

/** One field of a message: a view of nested bytes, or a number. */
interface Part {
  number: number
  wire: number
  bytes: Buffer
  value: number
}

const wireVarint = 0
const wireFixed64 = 1
const wireBytes = 2
const wireFixed32 = 5

function* parts(message: Buffer): Generator<Part> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined) throw new OtlpInvalid('a number is cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new OtlpInvalid('a number has more than 64 bits')
  }
  const take = (count: number): Buffer => {
    if (count > message.length - at) throw new OtlpInvalid('a field is cut off')
    at += count
    return message.subarray(at - count, at)
  }
  while (at < message.length) {
    const tag = varint()
    const number = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    if (number === 0) throw new OtlpInvalid('a field without a number')
    if (wire === wireVarint) yield { number, wire, bytes: message, value: Number(BigInt.asIntN(64, varint())) }
    else if (wire === wireFixed64) yield { number, wire, bytes: take(8), value: Number.NaN }
    else if (wire === wireBytes) yield { number, wire, bytes: take(Number(varint())), value: Number.NaN }
    else if (wire === wireFixed32) yield { number, wire, bytes: take(4), value: Number.NaN }
    else throw new OtlpInvalid(`a field of wire type ${wire}`)
  }
}

function* nested(message: Buffer, number: number): Generator<Buffer> {
  for (const part of parts(message)) if (part.number === number && part.wire === wireBytes) yield part.bytes
}

/** Every gauge, sum and histogram of a push; of a histogram its count and sum. */
export function decodeOtlp(metricsData: Buffer): ClientPoint[] {
  const points: ClientPoint[] = []
  for (const resource of nested(metricsData, field.resourceMetrics)) {
    for (const scope of nested(resource, field.scopeMetrics)) {
      for (const metric of nested(scope, field.metrics)) {
        for (const point of pointsOf(metric)) {
          if (points.length >= pointsMax) return points
          points.push(point)
        }
      }
    }
  }
  return points
}

function* pointsOf(metric: Buffer): Generator<ClientPoint> {
  let name = ''
  const data: Part[] = []
  for (const part of parts(metric)) {
    if (part.wire !== wireBytes) continue
    if (part.number === field.name) name = part.bytes.toString('utf8')
    else if (part.number === field.gauge || part.number === field.sum || part.number === field.histogram) data.push(part)
  }
  for (const { number, bytes } of data) {
    if (number === field.gauge) for (const point of nested(bytes, field.dataPoints)) yield numberPoint(name, point, 'gauge', false)
    else yield* summed(name, bytes, number === field.histogram)
  }
}

function* summed(name: string, bytes: Buffer, isHistogram: boolean): Generator<ClientPoint> {
  let [delta, monotonic] = [false, false]
  const found: Buffer[] = []
  for (const part of parts(bytes)) {
    if (part.number === field.dataPoints && part.wire === wireBytes) found.push(part.bytes)
    else if (part.number === field.temporality) delta = part.value === temporalityDelta
    else if (part.number === field.monotonic) monotonic = part.value !== 0
  }
  for (const point of found) {
    if (isHistogram) yield* histogramPoints(name, point, delta)
    else yield numberPoint(name, point, monotonic ? 'count' : 'gauge', delta)
  }
}

function numberPoint(metric: string, point: Buffer, kind: ClientPoint['kind'], delta: boolean): ClientPoint {
  let value = 0
  const attributes: string[] = []
  for (const part of parts(point)) {
    if (part.number === field.pointDouble && part.wire === wireFixed64) value = part.bytes.readDoubleLE(0)
    else if (part.number === field.pointInt && part.wire === wireFixed64) value = Number(part.bytes.readBigInt64LE(0))
    else if (part.number === field.pointAttributes && part.wire === wireBytes) attributes.push(attribute(part.bytes))
  }
  return { metric, attributes: attributes.sort().join(','), kind, value, delta }
}

function* histogramPoints(metric: string, point: Buffer, delta: boolean): Generator<ClientPoint> {
  let [count, sum] = [0, 0]
  const texts: string[] = []
  for (const part of parts(point)) {
    if (part.number === field.histogramCount && part.wire === wireFixed64) count = Number(part.bytes.readBigUInt64LE(0))
    else if (part.number === field.histogramSum && part.wire === wireFixed64) sum = part.bytes.readDoubleLE(0)
    else if (part.number === field.histogramAttributes && part.wire === wireBytes) texts.push(attribute(part.bytes))
  }
  const attributes = texts.sort().join(',')
  yield { metric: `${metric}.count`, attributes, kind: 'count', value: count, delta }
  yield { metric: `${metric}.sum`, attributes, kind: 'count', value: sum, delta }
}

/** A KeyValue as `key=value`: texts, numbers and booleans; other values are left out. */
function attribute(keyValue: Buffer): string {
  let [key, value] = ['', '']
  for (const part of parts(keyValue)) {
    if (part.number === 1 && part.wire === wireBytes) key = part.bytes.toString('utf8')
    else if (part.number === 2 && part.wire === wireBytes) value = anyValue(part.bytes)
  }
  return `${key}=${value}`
}

function anyValue(bytes: Buffer): string {
  for (const part of parts(bytes)) {
    if (part.number === 1 && part.wire === wireBytes) return part.bytes.toString('utf8')
    if (part.number === 2 && part.wire === wireVarint) return String(part.value !== 0)
    if (part.number === 3 && part.wire === wireVarint) return String(part.value)
    if (part.number === 4 && part.wire === wireFixed64) return String(part.bytes.readDoubleLE(0))
  }
  return ''
}
