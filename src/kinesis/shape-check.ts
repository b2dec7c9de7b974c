// Constraints -> AWS's ValidationException: every violation (at most ten) in one text, in the order of the declaration.
// Per member AWS looks at presence, pattern, least, most, enum, then inside. Where we differ: a value longer than echoCharsMax is cut in the text.
import { validationError } from './aws-error.ts'
import type { ListNode, MapNode, Node, StringNode, StructureNode } from './shape.ts'
import { type Converted, printable } from './shape-convert.ts'

/** AWS stops counting here. */
const violationsMax = 10
/** A pattern is not tried on a longer value: some of AWS's patterns take quadratic time. Every pattern's longest match is shorter. */
const patternCharsMax = 4096

/** Throws when the input breaks a constraint of its declaration. */
export function checkStructure(node: StructureNode, input: Converted): void {
  if (!hasAll(node, input)) checkOneByOne(node, input)
}

/** The obvious way, which finds AWS's words. */
export function checkOneByOne(node: StructureNode, input: Converted): void {
  const found: string[] = []
  checkMembers(node, input, '', found)
  if (found.length > 0) throw violations(found)
}

/** Whether everything is within its constraints, which is the rule: looked at without a word for what is wrong. May say no where nothing is. */
export function hasAll({ members }: StructureNode, input: Converted): boolean {
  for (let i = 0; i < members.length; i++) {
    const { name, node, required } = members[i]!
    const value = input[name]
    if (value === undefined ? required : !passes(node, value)) return false
  }
  return true
}

function passes(node: Node, value: unknown): boolean {
  switch (node.kind) {
    case 'string':
      return fits(node, value as string)
    case 'integer':
    case 'long':
      return within(node, value as number)
    case 'blob':
      return within(node, (value as Buffer).length)
    case 'list':
      return within(node, (value as unknown[]).length) && (value as unknown[]).every((item) => item !== null && passes(node.member, item))
    case 'structure':
      return hasAll(node, value as Converted)
    case 'map':
      return false
    default:
      return true
  }
}

const within = ({ min, max }: { min?: number | undefined; max?: number | undefined }, size: number): boolean =>
  size >= (min ?? Number.NEGATIVE_INFINITY) && size <= (max ?? Number.POSITIVE_INFINITY)

/** The text around violations; also for the few that an operation finds itself. */
export const violations = (found: readonly string[]) =>
  validationError(`${found.length} validation error${found.length > 1 ? 's' : ''} detected: ${found.join('; ')}`)

/** The text of a member that is not there. */
export const missing = (path: string): string => `Value null at '${path}' failed to satisfy constraint: Member must not be null`

function checkMembers(node: StructureNode, input: Converted, parent: string, found: string[]): void {
  for (const member of node.members) {
    if (found.length >= violationsMax) return
    const value = input[member.name]
    const path = parent + member.name
    if (value !== undefined) check(member.node, value, path, found)
    else if (member.required) found.push(missing(path))
  }
}

function check(node: Node, value: unknown, path: string, found: string[]): void {
  const violate = (constraint: string): void => {
    if (found.length < violationsMax) found.push(`Value '${printable(print(node, value))}' at '${path}' failed to satisfy constraint: ${constraint}`)
  }
  switch (node.kind) {
    case 'string':
      if (!matches(node, value as string)) violate(`Member must satisfy regular expression pattern: ${node.pattern}`)
      checkLength(node, (value as string).length, violate)
      if (node.values && !node.values.includes(value as string)) violate(enumText(node.values))
      return
    case 'integer':
    case 'long':
      if (node.min !== undefined && (value as number) < node.min) violate(`Member must have value greater than or equal to ${node.min}`)
      if (node.max !== undefined && (value as number) > node.max) violate(`Member must have value less than or equal to ${node.max}`)
      return
    case 'blob':
      checkLength(node, (value as Buffer).length, violate)
      return
    case 'list':
      checkLength(node, (value as unknown[]).length, violate)
      checkItems(node, value as unknown[], path, violate, found)
      return
    case 'map':
      checkLength(node, (value as Map<string, string>).size, violate)
      checkEntries(node, value as Map<string, string | null>, violate)
      return
    case 'structure':
      checkMembers(node, value as Converted, `${path}.`, found)
      return
    default:
      return
  }
}

const enumText = (values: readonly string[]): string => `Member must satisfy enum value set: [${values.join(', ')}]`

function matches(node: StringNode, value: string): boolean {
  if (!node.regex) return true
  // Too long for the pattern: where a length limit exists, that one is reported instead.
  if (value.length > patternCharsMax) return node.max !== undefined
  return node.regex.test(value)
}

function checkLength(node: { min?: number | undefined; max?: number | undefined }, length: number, violate: (constraint: string) => void): void {
  if (node.min !== undefined && length < node.min) violate(`Member must have length greater than or equal to ${node.min}`)
  if (node.max !== undefined && length > node.max) violate(`Member must have length less than or equal to ${node.max}`)
}

/** Structures are looked into one by one; a list of strings gets one text for the whole list. */
function checkItems(node: ListNode, items: unknown[], path: string, violate: (constraint: string) => void, found: string[]): void {
  const { member } = node
  if (member.kind === 'string') {
    if (!items.every((item) => item !== null && fits(member, item as string))) violate(`Member must satisfy constraint: [${constraintsOf(member)}]`)
    return
  }
  for (let i = 0; i < items.length && found.length < violationsMax; i++) {
    const at = `${path}.${i + 1}.member`
    if (items[i] === null) found.push(missing(at))
    else check(member, items[i], at, found)
  }
}

function checkEntries(node: MapNode, entries: Map<string, string | null>, violate: (constraint: string) => void): void {
  const keys = [...entries.keys()]
  const values = [...entries.values()]
  if (!keys.every((key) => fits(node.key, key))) violate(`Map keys must satisfy constraint: [${constraintsOf(node.key)}]`)
  if (!values.every((value) => value !== null && fits(node.value, value)))
    violate(`Map value must satisfy constraint: [${constraintsOf(node.value)}]`)
}

const fits = (node: StringNode, value: string): boolean =>
  matches(node, value) && value.length >= (node.min ?? 0) && value.length <= (node.max ?? Infinity) && (!node.values || node.values.includes(value))

function constraintsOf(node: StringNode): string {
  const parts: string[] = []
  if (node.max !== undefined) parts.push(`Member must have length less than or equal to ${node.max}`)
  if (node.min !== undefined) parts.push(`Member must have length greater than or equal to ${node.min}`)
  if (node.pattern !== undefined) parts.push(`Member must satisfy regular expression pattern: ${node.pattern}`)
  if (node.values) parts.push(enumText(node.values))
  return parts.join(', ')
}

/** A value as Java prints it. */
function print(node: Node, value: unknown): string {
  switch (node.kind) {
    case 'blob': {
      const { length } = value as Buffer
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`
    }
    case 'list':
      return `[${(value as unknown[]).map((item) => (item === null ? 'null' : print(node.member, item))).join(', ')}]`
    case 'map':
      return `{${[...(value as Map<string, string | null>)].map(([key, item]) => `${key}=${item}`).join(', ')}}`
    case 'structure':
      return node.printed ?? '{}'
    default:
      return String(value)
  }
}
