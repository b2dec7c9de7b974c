// AWS's own model of Kinesis, where it is at hand: the oracle for what operations take and answer.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../../../shared/models/aws/kinesis.service-2.json')

export interface ModelShape {
  type: string
  members?: Record<string, { shape: string }>
  member?: { shape: string }
  key?: { shape: string }
  value?: { shape: string }
  required?: string[]
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
}
export interface Model {
  operations: Record<string, { input?: { shape: string }; output?: { shape: string } }>
  shapes: Record<string, ModelShape>
}

/** Null where the model is not there; whoever needs it says so. */
export const model: Model | null = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Model) : null
export const modelFile = file

/** Throws where an answer has members that the model does not know, lacks required ones, or has values of another type. */
export function checkOutput(operation: string, body: unknown): void {
  if (!model) return
  const output = model.operations[operation]?.output?.shape
  if (output) checkValue(model, output, body, operation)
  else if (Object.keys(body as object).length > 0) throw new Error(`${operation} answers nothing in AWS's model, but here ${JSON.stringify(body)}`)
}

function checkValue({ shapes }: Model, name: string, value: unknown, path: string): void {
  const shape = shapes[name]!
  const fault = (what: string): Error => {
    return new Error(`${path}: ${what}, in AWS's model a ${shape.type} ${name}; here ${JSON.stringify(value)?.slice(0, 200)}`)
  }
  switch (shape.type) {
    case 'structure': {
      if (typeof value !== 'object' || value === null) throw fault('no object')
      for (const [key, member] of Object.entries(value)) {
        const target = shape.members?.[key]?.shape
        if (target === undefined) throw fault(`unknown member ${key}`)
        checkValue({ shapes, operations: {} }, target, member, `${path}.${key}`)
      }
      for (const key of shape.required ?? []) if (!(key in value)) throw fault(`${key} is missing`)
      return
    }
    case 'list':
      if (!Array.isArray(value)) throw fault('no list')
      for (const item of value) checkValue({ shapes, operations: {} }, shape.member!.shape, item, `${path}[]`)
      return
    case 'string':
      if (typeof value !== 'string') throw fault('no string')
      if (shape.enum && !shape.enum.includes(value)) throw fault('not in the enum')
      if (shape.pattern && !new RegExp(`^(?:${shape.pattern})$`).test(value)) throw fault(`not ${shape.pattern}`)
      if (value.length < (shape.min ?? 0) || value.length > (shape.max ?? Number.POSITIVE_INFINITY)) throw fault('too short or long')
      return
    case 'integer':
    case 'long':
      if (!Number.isSafeInteger(value)) throw fault('no whole number')
      return
    case 'timestamp':
      if (typeof value !== 'number') throw fault('no time')
      return
    case 'boolean':
      if (typeof value !== 'boolean') throw fault('no boolean')
      return
    case 'blob':
      if (typeof value !== 'string') throw fault('no base64')
      return
    default:
      throw fault('of an unknown type')
  }
}
