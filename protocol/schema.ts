// Declarations of messages: each field once, for all versions, with the static types inferred from it. Does not read or write bytes.
//   since, until     versions that have the field; others see its default
//   nullableSince    versions in which null is allowed
//   default          what an absent field is; a field with one may be left out when a message is made
//   tag, taggedSince a tagged field of flexible versions (KIP-482)
import type { Bytes, EncodedItems } from './writer.ts'

export type ScalarKind = 'bool' | 'int8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'float64' | 'string' | 'uuid' | 'bytes' | 'records'

export interface FieldOptions<Value> {
  since?: number
  until?: number
  nullableSince?: number
  default?: Value | null
  tag?: number
  taggedSince?: number
  /** Dropped without complaint where a version lacks it. Only told, never acted on: ours are all dropped. */
  ignorable?: boolean
}

/** A declared field: what it decodes to (Out), what encoding takes (In), and whether encoding may leave it out. */
export interface Field<Out = unknown, In = Out, Optional extends boolean = boolean> {
  readonly kind: ScalarKind | 'struct' | 'array'
  readonly options: FieldOptions<unknown>
  /** Of a struct. */
  readonly fields?: Fields
  /** Of an array. */
  readonly element?: Field
  /** Never present: these carry types. */
  readonly out?: Out
  readonly in?: In
  readonly optional?: Optional
}

export type Fields = Readonly<Record<string, Field>>

// biome-ignore lint/complexity/noBannedTypes: the empty options
type None = {}
type Nullable<Value, Options> = Options extends { nullableSince: number } ? Value | null : Value
type HasDefault<Options> = Options extends { default: unknown } ? true : false

type OutOf<F> = F extends Field<infer Out, infer _In, infer _Optional> ? Out : never
type InOf<F> = F extends Field<infer _Out, infer In, infer _Optional> ? In : never
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<infer _O, infer _I, true> ? (F[K] extends Field<infer _P, infer _J, false> ? never : K) : never
}[keyof F]
type Flat<T> = { [K in keyof T]: T[K] }
export type StructOut<F extends Fields> = Flat<{ [K in keyof F]: OutOf<F[K]> }>
export type StructIn<F extends Fields> = Flat<{ [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]> } & { [K in OptionalKeys<F>]?: InOf<F[K]> }>

function scalar<Value, Given = Value>(kind: ScalarKind) {
  return <const Options extends FieldOptions<Value> = None>(
    options?: Options,
  ): Field<Nullable<Value, Options>, Nullable<Given, Options>, HasDefault<Options>> =>
    ({ kind, options: options ?? {} }) as Field<Nullable<Value, Options>, Nullable<Given, Options>, HasDefault<Options>>
}

export const bool = scalar<boolean>('bool')
export const int8 = scalar<number>('int8')
export const int16 = scalar<number>('int16')
export const uint16 = scalar<number>('uint16')
export const int32 = scalar<number>('int32')
export const uint32 = scalar<number>('uint32')
/** A number: exact within ±2^53, which offsets, ids and times never leave. */
export const int64 = scalar<number>('int64')
export const float64 = scalar<number>('float64')
export const string = scalar<string>('string')
/** 22 characters of URL-safe base64. */
export const uuid = scalar<string>('uuid')
/** Decoded as a view of the frame. */
export const bytes = scalar<Buffer, Bytes>('bytes')
/** Record batches, or null: a view when decoded, one or several views when encoded. */
export const records = scalar<Buffer | null, Bytes | null>('records')

export function struct<const F extends Fields, const Options extends FieldOptions<never> = None>(
  fields: F,
  options?: Options,
): Field<Nullable<StructOut<F>, Options>, Nullable<StructIn<F>, Options>, HasDefault<Options>> & { readonly fields: F } {
  return { kind: 'struct', options: options ?? {}, fields } as Field<
    Nullable<StructOut<F>, Options>,
    Nullable<StructIn<F>, Options>,
    HasDefault<Options>
  > & {
    readonly fields: F
  }
}

export function arrayOf<F extends Field, const Options extends FieldOptions<readonly never[]> = None>(
  element: F,
  options?: Options,
): Field<Nullable<OutOf<F>[], Options>, Nullable<readonly InOf<F>[], Options>, HasDefault<Options>> & { readonly element: F } {
  return { kind: 'array', options: options ?? {}, element } as Field<
    Nullable<OutOf<F>[], Options>,
    Nullable<readonly InOf<F>[], Options>,
    HasDefault<Options>
  > & { readonly element: F }
}

/** A struct that stands for a whole message body. */
export type Body<Out = unknown, In = unknown> = Field<Out, In, boolean> & { readonly fields: Fields }

/** One API: its request and response for every version that we know. */
export interface Api<Request extends Body = Body, Response extends Body = Body> {
  readonly key: number
  /** Kafka's name without "Request": Produce, InitProducerId. */
  readonly name: string
  /** Lowest and highest, both declared. What is served is the handler's business. */
  readonly versions: readonly [lowest: number, highest: number]
  /** The first version with compact encodings and tagged fields; Infinity for none. */
  readonly flexibleSince: number
  readonly request: Request
  readonly response: Response
}

export function defineApi<const Request extends Body, const Response extends Body>(api: Api<Request, Response>): Api<Request, Response> {
  return api
}

/** A structure that travels inside byte fields with a version of its own: subscriptions, assignments. */
export interface Envelope<Value extends Body = Body> {
  readonly name: string
  readonly versions: readonly [lowest: number, highest: number]
  readonly flexibleSince: number
  readonly value: Value
}

export function defineEnvelope<const Value extends Body>(envelope: Envelope<Value>): Envelope<Value> {
  return envelope
}

export type RequestOf<A extends Api> = OutOf<A['request']>
export type ResponseOf<A extends Api> = OutOf<A['response']>
/** What is given to encode one: fields with a default may be left out. */
export type RequestInput<A extends Api> = InOf<A['request']>
export type ResponseInput<A extends Api> = InOf<A['response']>

/** The same, where any array may be encoded already (items.ts). */
export type Piecewise<Value> = Value extends Bytes | null
  ? Value
  : Value extends readonly (infer Element)[]
    ? readonly Piecewise<Element>[] | EncodedItems<Piecewise<Element>>
    : Value extends object
      ? { [K in keyof Value]: Piecewise<Value[K]> }
      : Value

/** How one field looks in one version. */
export interface FieldInVersion {
  readonly present: boolean
  readonly tagged: boolean
  readonly nullable: boolean
}

export function inVersion({ options }: Field, version: number, flexible: boolean): FieldInVersion {
  const present = version >= (options.since ?? 0) && version <= (options.until ?? Number.POSITIVE_INFINITY)
  const tagged = options.tag !== undefined && flexible && version >= (options.taggedSince ?? 0)
  const nullable = options.nullableSince !== undefined && version >= options.nullableSince
  return { present, tagged, nullable }
}

/** What a field is where it is absent. A fresh value each time for arrays and structs. */
export function defaultOf(field: Field): unknown {
  const given = field.options.default
  if (given !== undefined) return Array.isArray(given) ? [] : given
  switch (field.kind) {
    case 'bool':
      return false
    case 'string':
      return ''
    case 'uuid':
      return 'AAAAAAAAAAAAAAAAAAAAAA'
    case 'bytes':
      return Buffer.alloc(0)
    case 'records':
      return null
    case 'array':
      return []
    case 'struct':
      return Object.fromEntries(Object.entries(field.fields ?? {}).map(([name, inner]) => [name, defaultOf(inner)]))
    default:
      return 0
  }
}

/** The fewest bytes that an element can take, for checking counts before memory is taken. */
export function bytesMinOf(field: Field, version: number, flexible: boolean): number {
  if (field.kind !== 'struct') return scalarBytesMin(field.kind, flexible)
  let sum = flexible ? 1 : 0
  for (const inner of Object.values(field.fields ?? {})) {
    const { present, tagged } = inVersion(inner, version, flexible)
    if (present && !tagged) sum += inner.kind === 'struct' && inVersion(inner, version, flexible).nullable ? 1 : bytesMinOf(inner, version, flexible)
  }
  return sum
}

function scalarBytesMin(kind: Field['kind'], flexible: boolean): number {
  switch (kind) {
    case 'int16':
    case 'uint16':
      return 2
    case 'int32':
    case 'uint32':
      return 4
    case 'int64':
    case 'float64':
      return 8
    case 'uuid':
      return 16
    case 'string':
      return flexible ? 1 : 2
    case 'bytes':
    case 'records':
    case 'array':
      return flexible ? 1 : 4
    default:
      return 1
  }
}
