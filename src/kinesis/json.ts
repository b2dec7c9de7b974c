// Outputs -> JSON 1.1: blobs as base64, times as decimal seconds. The obvious walk, which joins strings, and the fast one for small answers;
// json-bytes.ts is the one for large ones. Does not parse; V8 does.
import { WireTime } from './wire-time.ts'

/** Nothing in it needs an escape. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** Names of members come from AWS's model, so that they are few; the bound is for the day when they are not. */
const namesMax = 1000
const names = new Map<string, string>()

/** A member's name as it stands before its value. */
export function nameOf(name: string): string {
  let text = names.get(name)
  if (text === undefined) {
    text = `${JSON.stringify(name)}:`
    if (names.size < namesMax) names.set(name, text)
  }
  return text
}

export function encodeJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return plain.test(value) ? `"${value}"` : JSON.stringify(value)
    case 'number':
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      if (Buffer.isBuffer(value)) return `"${value.toString('base64')}"`
      if (value instanceof WireTime) return String(value.ms / 1000)
      return Array.isArray(value) ? encodeList(value) : encodeMembers(value as Record<string, unknown>)
    default:
      throw new Error(`a ${typeof value} has no JSON form`)
  }
}

function encodeList(items: unknown[]): string {
  let text = '['
  for (let i = 0; i < items.length; i++) text += (i === 0 ? '' : ',') + encodeJson(items[i])
  return text + ']'
}

function encodeMembers(members: Record<string, unknown>): string {
  let text = '{'
  let first = true
  for (const name in members) {
    const value = members[name]
    if (value === undefined) continue
    text += (first ? '' : ',') + nameOf(name) + encodeJson(value)
    first = false
  }
  return text + '}'
}
