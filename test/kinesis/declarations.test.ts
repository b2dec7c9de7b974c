// Every declared input against AWS's own model: members, types, constraints, what is required. Skipped where the model is not at hand.
import { expect, test } from 'vitest'
import { operations } from '../../src/kinesis/operations/index.ts'
import type { Node } from '../../src/kinesis/shape.ts'
import { type Model, model, modelFile } from './model.ts'

if (!model) console.log(`skipped: ${modelFile} is not there, so declarations are not compared with AWS's model`)

/** A model shape in the words of our declarations. */
function expected(model: Model, name: string): unknown {
  const shape = model.shapes[name]!
  const { min, max, pattern } = shape
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members!).map(([member, { shape: target }]) => [
          member,
          { required: shape.required?.includes(member) ?? false, is: expected(model, target) },
        ]),
      )
    case 'list':
      return { list: expected(model, shape.member!.shape), min, max }
    case 'map':
      return { key: expected(model, shape.key!.shape), value: expected(model, shape.value!.shape), min, max }
    case 'string':
      return { string: true, min, max, pattern, values: shape.enum?.toSorted() }
    case 'integer':
    case 'long':
      return { number: shape.type, min, max }
    case 'blob':
      return { blob: true, max }
    default:
      return shape.type
  }
}

function declared(node: Node): unknown {
  switch (node.kind) {
    case 'structure':
      return Object.fromEntries(node.members.map((member) => [member.wireName, { required: member.required, is: declared(member.node) }]))
    case 'list':
      return { list: declared(node.member), min: node.min, max: node.max }
    case 'map':
      return { key: declared(node.key), value: declared(node.value), min: node.min, max: node.max }
    case 'string':
      return { string: true, min: node.min, max: node.max, pattern: node.pattern, values: node.values?.toSorted() }
    case 'integer':
    case 'long':
      return { number: node.kind, min: node.min, max: node.max }
    case 'blob':
      return { blob: true, max: node.max }
    default:
      return node.kind
  }
}

test.skipIf(!model).for(operations.map(({ name }) => name))('%s takes what AWS’s model says', (name) => {
  const { input } = operations.find((operation) => operation.name === name)!
  const shape = model!.operations[name]?.input?.shape
  expect(declared(input)).toEqual(shape ? expected(model!, shape) : {})
})

test.skipIf(!model)('every operation of AWS’s model is served, but for channels (they come with delivery)', () => {
  const missing = Object.keys(model!.operations).filter((name) => !operations.some((operation) => operation.name === name))
  expect(missing.filter((name) => !/Channel/.test(name))).toEqual([])
})
