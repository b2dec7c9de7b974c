// Wire values -> typed input. The first value of a wrong type ends the request with AWS's SerializationException; what a type
// allows but a constraint forbids is shape-check.ts's. Unknown members are ignored, null means absent, as AWS does.
import { serializationError } from './aws-error.ts'
import type { Node, StructureNode } from './shape.ts'
import { WireTime } from './wire-time.ts'

/** The typed input of an operation: members by their small-letter names, blobs as Buffers, times in milliseconds. */
export type Converted = Record<string, unknown>

const startOfStructure = 'Start of structure or map found where not expected.'
const startOfList = 'Start of list found where not expected'
/** How the text names a number that JSON carries. */
const bigNumber = 'com.amazon.coral.value.json.numbers.TruncatingBigNumber'
const int32Max = 2 ** 31 - 1

/** Reads `value` (a JSON or CBOR object) by the declaration. */
export function convertStructure(node: StructureNode, value: Record<string, unknown>): Converted {
  const converted: Converted = {}
  for (const member of node.members) {
    const wire = Object.hasOwn(value, member.wireName) ? value[member.wireName] : undefined
    if (wire !== undefined && wire !== null) converted[member.name] = convert(member.node, wire)
  }
  return converted
}

function convert(node: Node, value: unknown): unknown {
  switch (node.kind) {
    case 'string':
      return typeof value === 'string' ? value : refuse(value, 'an String')
    case 'integer':
    case 'long':
      if (typeof value === 'bigint') return Number(value)
      if (typeof value !== 'number' || Number.isNaN(value)) return refuse(value, node.kind === 'integer' ? 'an Integer' : 'an Long')
      return node.kind === 'long' ? Math.floor(value) : Math.max(-int32Max - 1, Math.min(int32Max, Math.floor(value)))
    case 'boolean':
      if (typeof value === 'boolean') return value
      if (typeof value === 'string') throw serializationError(`'${value.toUpperCase()}' can not be converted to an Boolean`)
      return refuse(value, 'an Boolean')
    case 'blob':
      if (typeof value === 'string') return decodeBase64(value)
      return Buffer.isBuffer(value) ? value : refuse(value, 'a Blob')
    case 'timestamp':
      if (value instanceof WireTime && !Number.isNaN(value.ms)) return value.ms
      return typeof value === 'number' && !Number.isNaN(value) ? Math.round(value * 1000) : refuse(value, 'milliseconds since epoch')
    case 'list':
      if (Array.isArray(value)) return value.map((item: unknown) => (item === null ? null : convert(node.member, item)))
      throw serializationError(isObject(value) ? startOfStructure : 'Expected list or null')
    case 'map':
      if (Array.isArray(value)) throw serializationError(startOfList)
      if (!isObject(value)) throw serializationError('Expected map or null')
      return new Map(Object.entries(value).map(([key, item]) => [key, item === null ? null : convert(node.value, item)]))
    case 'structure':
      if (Array.isArray(value)) throw serializationError(startOfList)
      if (!isObject(value)) throw serializationError('Expected null')
      return convertStructure(node, value)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** AWS's text for a value of the wrong type; its Java class names are part of it. */
function refuse(value: unknown, wanted: string): never {
  if (Array.isArray(value)) throw serializationError(startOfList)
  if (typeof value === 'object') throw serializationError(startOfStructure)
  const javaClass = typeof value === 'string' ? 'java.lang.String' : typeof value === 'boolean' ? 'java.lang.Boolean' : bigNumber
  throw serializationError(`class ${javaClass} can not be converted to ${wanted}`)
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Whether the last digit before the padding says more than bytes have room for, or is none. */
export function hasStrayBits(text: string, pads: number): boolean {
  const last = base64Digits.indexOf(text[text.length - pads - 1] ?? '')
  return last < 0 || (pads === 2 ? last & 15 : pads === 1 ? last & 3 : 0) !== 0
}

/** Base64 as strictly as AWS reads it: whole groups of four, the standard alphabet, no stray bits before the padding. */
function decodeBase64(text: string): Buffer {
  const length = text.length
  if (length === 0) return Buffer.alloc(0)
  const pads = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (length % 4 === 0 && !hasStrayBits(text, pads) && !text.includes('-') && !text.includes('_')) {
    const bytes = Buffer.from(text, 'base64')
    // Node skips what is not base64, so a full-length result means that nothing was skipped.
    if (bytes.length === (length / 4) * 3 - pads) return bytes
  }
  throw serializationError(`'${printable(text)}' can not be converted to a Blob: ${base64Fault(text)}`)
}

function base64Fault(text: string): string {
  if (text.length % 4 !== 0) return `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`
  const wrong = /[^a-zA-Z0-9+/=]|=[^=]/.exec(text)
  // The misspelling is AWS's.
  return wrong ? `Invalid Base64 character: '${wrong[0][0]}'` : 'Invalid last non-pad Base64 character dectected'
}

/** A refused value is echoed, as AWS does, up to this: an answer must not grow with the request. */
export const echoCharsMax = 65_536

export const printable = (text: string): string => (text.length > echoCharsMax ? `${text.slice(0, echoCharsMax)}...` : text)
