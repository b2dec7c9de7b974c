// Declarations of what an operation takes: types, constraints and the static type that follows from them. One declaration per shape;
// shape-convert.ts reads wire values by it, shape-check.ts writes AWS's constraint texts from it, a test compares it with AWS's model.
// Member names are AWS's with a small first letter, which is also how AWS's constraint texts spell them.

/** What a value may be. The constraint names are those of AWS's model. */
export type Node = StringNode | NumberNode | BooleanNode | BlobNode | TimestampNode | ListNode | MapNode | StructureNode

export interface StringNode {
  readonly kind: 'string'
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly pattern?: string | undefined
  /** `pattern` over the whole value. */
  readonly regex?: RegExp | undefined
  /** An enum, in the order in which AWS's text lists it. */
  readonly values?: readonly string[] | undefined
}
export interface NumberNode {
  readonly kind: 'integer' | 'long'
  readonly min?: number | undefined
  readonly max?: number | undefined
}
export interface BooleanNode {
  readonly kind: 'boolean'
}
export interface BlobNode {
  readonly kind: 'blob'
  readonly max?: number | undefined
}
export interface TimestampNode {
  readonly kind: 'timestamp'
}
export interface ListNode {
  readonly kind: 'list'
  readonly member: Node
  readonly min?: number | undefined
  readonly max?: number | undefined
}
export interface MapNode {
  readonly kind: 'map'
  readonly key: StringNode
  readonly value: StringNode
  readonly min?: number | undefined
  readonly max?: number | undefined
}
export interface StructureNode {
  readonly kind: 'structure'
  readonly members: readonly MemberNode[]
  /** How AWS's texts print a value of this structure. */
  readonly printed?: string | undefined
}
export interface MemberNode {
  /** The name in AWS's texts and in our inputs: `streamName`. */
  readonly name: string
  /** The name on the wire: `StreamName`. */
  readonly wireName: string
  readonly node: Node
  readonly required: boolean
}

/** A declaration with the type of its values; `value` never exists. */
export interface Shape<T> {
  readonly node: Node
  readonly required?: boolean
  readonly value?: T
}
export interface RequiredShape<T> extends Shape<T> {
  readonly required: true
}
export type Members = Readonly<Record<string, Shape<unknown>>>
type ValueOf<S> = S extends Shape<infer T> ? T : never
type RequiredNames<M extends Members> = { [K in keyof M]: M[K] extends RequiredShape<unknown> ? K : never }[keyof M]
/** What `run` is given: required members are there, the others may be. */
export type InputOf<M extends Members> = { readonly [K in RequiredNames<M>]: ValueOf<M[K]> } & {
  readonly [K in Exclude<keyof M, RequiredNames<M>>]?: ValueOf<M[K]> | undefined
}

export const required = <T>(shape: Shape<T>): RequiredShape<T> => ({ node: shape.node, required: true })

type StringOptions = { min?: number; max?: number; pattern?: string }
export const string = (options: StringOptions = {}): Shape<string> => ({
  node: { kind: 'string', ...options, regex: options.pattern === undefined ? undefined : new RegExp(`^(?:${options.pattern})$`, 'u') },
})
export const oneOf = <const V extends string>(...values: V[]): Shape<V> => ({ node: { kind: 'string', values } })
export const integer = (options: { min?: number; max?: number } = {}): Shape<number> => ({ node: { kind: 'integer', ...options } })
export const boolean = (): Shape<boolean> => ({ node: { kind: 'boolean' } })
export const blob = (options: { max?: number } = {}): Shape<Buffer> => ({ node: { kind: 'blob', ...options } })
/** Milliseconds since the epoch once converted. */
export const timestamp = (): Shape<number> => ({ node: { kind: 'timestamp' } })
export const listOf = <T>(member: Shape<T>, options: { min?: number; max?: number } = {}): Shape<readonly T[]> => ({
  node: { kind: 'list', member: member.node, ...options },
})
export const mapOf = (
  key: Shape<string>,
  value: Shape<string>,
  options: { min?: number; max?: number } = {},
): Shape<ReadonlyMap<string, string>> => ({
  node: { kind: 'map', key: key.node as StringNode, value: value.node as StringNode, ...options },
})
export const structure = <M extends Members>(members: M, printed?: string): Shape<InputOf<M>> => ({ node: structureNode(members, printed) })

/** The node of a whole input. */
export function structureNode(members: Members, printed?: string): StructureNode {
  const list = Object.entries(members).map(([name, shape]) => ({
    name,
    wireName: name.charAt(0).toUpperCase() + name.slice(1),
    node: shape.node,
    required: shape.required === true,
  }))
  return { kind: 'structure', members: list, printed }
}
