// Commands of the AWS SDK for JavaScript v3 that its release in use does not have yet, made from AWS's own model as the SDK's generator would: what they send, how
// answers are read and errors are told are the SDK's own.
import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { makeBuilder } from '@smithy/core/client'
import { getEndpointPlugin } from '@smithy/core/endpoints'
import { type Model, model } from '../kinesis/model.ts'

const namespace = 'com.amazonaws.kinesis'
/** The SDK's numbers of simple types. */
const simple: Record<string, number> = { string: 0, integer: 1, long: 1, boolean: 2, timestamp: 4, blob: 21 }
const [listSchema, mapSchema, structureSchema, operationSchema] = [1, 2, 3, 9]

type Schema = number | readonly unknown[]

function schemaOf({ shapes }: Model, name: string): Schema {
  const shape = shapes[name]!
  const of = (target: string): Schema => schemaOf({ shapes, operations: {} }, target)
  switch (shape.type) {
    case 'list':
      return [listSchema, namespace, name, 0, of(shape.member!.shape)]
    case 'map':
      return [mapSchema, namespace, name, 0, of(shape.key!.shape), of(shape.value!.shape)]
    case 'structure': {
      const members = Object.entries(shape.members!)
      return [structureSchema, namespace, name, 0, members.map(([member]) => member), members.map(([, { shape: target }]) => of(target))]
    }
    default:
      return simple[shape.type]!
  }
}

const unit = [structureSchema, 'smithy.api', 'Unit', 0, [], []]
const whereTo = { Region: { type: 'builtInParams', name: 'region' }, Endpoint: { type: 'builtInParams', name: 'endpoint' } } as const
const build = makeBuilder(whereTo, 'Kinesis_20131202', 'KinesisClient', getEndpointPlugin as never)

/** Sends an operation of the model through the SDK. */
export async function sendByModel<Answer>(client: KinesisClient, operation: string, input: object): Promise<Answer> {
  const { input: takes, output: gives } = model!.operations[operation]!
  const schemas = [takes, gives].map((shape) => (shape ? schemaOf(model!, shape.shape) : unit))
  const schema = [operationSchema, namespace, operation, 0, () => schemas[0], () => schemas[1]]
  const Command = build({}, () => [], operation, schema as never)
  return (await client.send(new Command(input) as never)) as Answer
}
