// Wire vectors that other encoders wrote (each file of test/golden says which): both codecs read and write exactly these bytes.
import { describe, expect, test } from 'vitest'
import { type Codec, compile, interpreted } from '../../protocol/compile.ts'
import { decodeRequestHeader, decodeResponseHeader, writeRequestHeader, writeResponseHeader } from '../../protocol/header.ts'
import { consumerProtocolAssignment } from '../../protocol/messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol-subscription.ts'
import { apis } from '../../protocol/messages/index.ts'
import { Reader } from '../../protocol/reader.ts'
import type { Fields } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import { folderOf, type GoldenCase, goldenCases, goldenFolders, valueOfJson } from './golden.ts'

function checkCodec(codec: Codec, golden: GoldenCase, expected: Record<string, unknown>): void {
  const label = `${golden.origin} ${golden.direction} ${golden.version} ${golden.name}`
  const reader = new Reader(golden.bytes)
  expect(codec.decode(reader), label).toEqual(expected)
  expect(reader.left, label).toBe(0)
  const writer = new Writer()
  codec.encode(writer, expected)
  expect(writer.toBuffer().toString('hex'), label).toBe(golden.bytes.toString('hex'))
}

function check(fields: Fields, golden: GoldenCase, flexible: boolean): void {
  const expected = valueOfJson(fields, golden.json, golden.version, flexible)
  checkCodec(compile(fields, golden.version, flexible)!, golden, expected)
  checkCodec(interpreted(fields, golden.version, flexible), golden, expected)
}

describe('messages are read and written as their golden vectors say', () => {
  for (const api of apis) {
    test(`${api.name}: every vector, among them the lowest and the highest version`, () => {
      const cases = goldenCases(folderOf(api.name))
      for (const golden of cases) {
        check((golden.direction === 'request' ? api.request : api.response).fields, golden, golden.version >= api.flexibleSince)
      }
      for (const direction of ['request', 'response'] as const) {
        const versions = cases.filter((golden) => golden.direction === direction).map((golden) => golden.version)
        expect(versions, `${direction}s`).toEqual(expect.arrayContaining([...api.versions]))
      }
    })
  }

  for (const envelope of [consumerProtocolSubscription, consumerProtocolAssignment]) {
    test(`${envelope.name}: every version`, () => {
      const cases = goldenCases(folderOf(envelope.name))
      for (const golden of cases) check(envelope.value.fields, golden, false)
      expect(cases.map((golden) => golden.version)).toEqual(expect.arrayContaining([...envelope.versions]))
    })
  }
})

test('headers are read and written as their golden vectors say', () => {
  const cases = goldenCases('header')
  expect(cases.map((golden) => `${golden.direction} ${golden.version}`)).toEqual(
    expect.arrayContaining(['request 1', 'request 2', 'response 0', 'response 1']),
  )
  for (const { direction, version, json, bytes } of cases) {
    const writer = new Writer()
    if (direction === 'request') {
      const flexible = version === 2
      const header = {
        apiKey: json['requestApiKey'] as number,
        apiVersion: json['requestApiVersion'] as number,
        correlationId: json['correlationId'] as number,
        clientId: json['clientId'] as string | null,
      }
      expect(decodeRequestHeader(bytes, flexible)).toEqual({ ...header, bodyAt: bytes.length })
      writeRequestHeader(writer, header, flexible)
    } else {
      const correlationId = json['correlationId'] as number
      expect(decodeResponseHeader(bytes, 0, version === 1)).toEqual({ correlationId, bodyAt: bytes.length })
      writeResponseHeader(writer, 0, correlationId, version === 1)
    }
    expect(writer.toBuffer().toString('hex')).toBe(bytes.toString('hex'))
  }
})

test('every folder of vectors belongs to something', () => {
  const known = [...apis, consumerProtocolSubscription, consumerProtocolAssignment].map(({ name }) => folderOf(name))
  expect(goldenFolders().sort()).toEqual([...known, 'compaction', 'header', 'records'].sort())
})
