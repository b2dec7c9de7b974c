// Arrays that are encoded element by element: the same bytes as in one go, from either codec.
import { describe, expect, test } from 'vitest'
import { encodeResponse } from '../../protocol/codec.ts'
import { interpreted } from '../../protocol/compile.ts'
import { itemsOf } from '../../protocol/items.ts'
import { describeConfigs } from '../../protocol/messages/describe-configs.ts'
import { Writer } from '../../protocol/writer.ts'

const { results: resultsField } = describeConfigs.response.fields
const configs = Array.from({ length: 300 }, (_, i) => ({
  name: `config-${i}`,
  value: i % 3 === 0 ? null : 'v'.repeat(i),
  readOnly: i % 2 === 0,
  isDefault: false,
  configSource: 5,
  isSensitive: false,
  synonyms: [{ name: 'other', value: 'x', source: 1 }],
  configType: 2,
  documentation: 'd'.repeat(i % 400),
}))
const resultOf = (resourceName: string) => ({ errorCode: 0, errorMessage: null, resourceType: 2, resourceName, configs })
const names = ['a', 'b', 'c']

describe.each([1, 3, 4])('version %i', (version) => {
  const whole = encodeResponse(describeConfigs, version, { throttleTimeMs: 7, results: names.map(resultOf) })

  test('elements that were encoded one by one, with arrays of their own that are used again, make the same bytes', () => {
    const shared = itemsOf(describeConfigs, version, resultsField.element.fields.configs)
    for (const config of configs) shared.add(config)
    const results = itemsOf(describeConfigs, version, resultsField)
    for (const name of names) results.add({ ...resultOf(name), configs: shared })
    expect([shared.length, results.length]).toEqual([300, 3])
    expect(encodeResponse(describeConfigs, version, { throttleTimeMs: 7, results: results as never }).equals(whole)).toBe(true)
    const writer = new Writer()
    interpreted(describeConfigs.response.fields, version, version >= 4).encode(writer, { throttleTimeMs: 7, results })
    expect(writer.toBuffer().equals(whole)).toBe(true)
  })

  test('an empty one is an empty array', () => {
    const results = itemsOf(describeConfigs, version, resultsField)
    const plain = encodeResponse(describeConfigs, version, { throttleTimeMs: 0, results: [] })
    expect(encodeResponse(describeConfigs, version, { throttleTimeMs: 0, results: results as never })).toEqual(plain)
  })
})
