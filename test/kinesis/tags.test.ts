// Tags: which ones are taken, and AWS's words for those that are not.
import { expect, test } from 'vitest'
import { checkTags } from '../../src/kinesis/tags.ts'

const add = (tags: Record<string, string>, present: Record<string, string> = {}) => checkTags(tags, present, 's', '000000000000')

test.each(['aws:created-by', 'AWS:x', 'Aws:'])('a key that begins as %s is AWS’s own', (key) => {
  expect(() => add({ a: '1', [key]: 'x' })).toThrow('aws: prefixed tag key names are not allowed for external use.')
})

test('such a value, and such letters further on in a key, are fine', () => {
  expect(() => add({ owner: 'aws:me', 'my-aws:key': '1', awsome: '2' })).not.toThrow()
})

test('fifty tags may be there, not one more; those that are given again do not count twice', () => {
  const tags = (from: number, count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${from + i}`, 'v']))
  expect(() => add(tags(0, 10), tags(0, 50))).not.toThrow()
  expect(() => add(tags(50, 1), tags(0, 50))).toThrow('cannot have more than 10 tags')
})
