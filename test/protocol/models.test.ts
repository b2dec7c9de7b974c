// Every declared message against the published definitions beside the project, field by field, version by version.
// `npm run check:protocol` runs this alone. Where the definitions are missing it says so and checks nothing.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allErrors } from '../../protocol/error-code.ts'
import { consumerProtocolAssignment } from '../../protocol/messages/consumer-protocol-assignment.ts'
import { consumerProtocolSubscription } from '../../protocol/messages/consumer-protocol-subscription.ts'
import { apis } from '../../protocol/messages/index.ts'
import { defaultOf, type Field, type Fields, inVersion } from '../../protocol/schema.ts'

const models = resolve(import.meta.dirname, '../../../shared/models')
const present = existsSync(models)
if (!present) console.log(`check:protocol skipped: no ${models}`)

interface ModelField {
  name: string
  type: string
  versions: string
  nullableVersions?: string
  taggedVersions?: string
  tag?: number
  default?: string | null
  fields?: ModelField[]
}
interface Model {
  apiKey?: number
  name: string
  validVersions: string
  flexibleVersions: string
  latestVersionUnstable?: boolean
  fields: ModelField[]
  commonStructs?: ModelField[]
}

/** One field of one version, from either side. */
interface Line {
  path: string
  type: string
  nullable: boolean
  tag: number | null
  default: unknown
}

function load(folder: string, name: string): Model | null {
  const file = join(models, folder, `${name}.json`)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Model) : null
}

function range(text: string | undefined): [number, number] {
  if (!text || text === 'none') return [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const [from, to] = text.endsWith('+') ? [text.slice(0, -1), 'Infinity'] : text.includes('-') ? text.split('-') : [text, text]
  return [Number(from), Number(to)]
}
const holds = (text: string | undefined, version: number): boolean => version >= range(text)[0] && version <= range(text)[1]
const camel = (name: string): string => name[0]!.toLowerCase() + name.slice(1)

const plainDefaults: Record<string, unknown> = {
  string: '',
  bool: false,
  uuid: 'AAAAAAAAAAAAAAAAAAAAAA',
  bytes: '',
  records: null,
  array: 'empty',
  struct: 'struct',
}

function modelDefault(field: ModelField, kind: string): unknown {
  const given = field.default
  if (given === null || given === 'null') return null
  if (given === undefined) return kind in plainDefaults ? plainDefaults[kind] : 0
  if (kind === 'string') return given
  if (kind === 'bool') return String(given) === 'true'
  return kind === 'array' ? 'empty' : Number(given)
}

function modelLines(model: Model, version: number): Line[] {
  const flexible = holds(model.flexibleVersions, version)
  const lines: Line[] = []
  const visit = (fields: ModelField[], prefix: string): void => {
    for (const field of fields) {
      if (!holds(field.versions, version)) continue
      const array = field.type.startsWith('[]')
      const element = array ? field.type.slice(2) : field.type
      const inner = field.fields ?? model.commonStructs?.find((s) => s.name === element)?.fields
      const kind = array ? 'array' : inner ? 'struct' : element
      const path = prefix + camel(field.name)
      const nullable = kind === 'records' || holds(field.nullableVersions, version)
      const tag = flexible && holds(field.taggedVersions, version) ? (field.tag ?? null) : null
      lines.push({ path, type: array && !inner ? `[]${element}` : kind, nullable, tag, default: modelDefault(field, kind) })
      if (inner) visit(inner, `${path}.`)
    }
  }
  visit(model.fields, '')
  return lines
}

function ourDefault(field: Field): unknown {
  const value = defaultOf(field)
  if (value === null) return null
  if (field.kind === 'array') return 'empty'
  if (field.kind === 'struct') return 'struct'
  return Buffer.isBuffer(value) ? value.toString() : value
}

function ourLines(fields: Fields, version: number, flexible: boolean): Line[] {
  const lines: Line[] = []
  const visit = (inside: Fields, prefix: string): void => {
    for (const [name, field] of Object.entries(inside)) {
      const look = inVersion(field, version, flexible)
      if (!look.present) continue
      const path = prefix + name
      const inner = field.fields ?? field.element?.fields
      const type = field.kind === 'array' && !inner ? `[]${field.element!.kind}` : field.kind
      lines.push({
        path,
        type,
        nullable: field.kind === 'records' || look.nullable,
        tag: look.tagged ? field.options.tag! : null,
        default: ourDefault(field),
      })
      if (inner) visit(inner, `${path}.`)
    }
  }
  visit(fields, '')
  return lines
}

/** The definition that holds for a version: the newest one that has it. */
function modelFor(name: string, version: number): Model {
  for (const folder of ['kafka-4.4.0', 'kafka-3.9.1']) {
    const model = load(folder, name)
    if (model && holds(model.validVersions, version)) return model
  }
  throw new Error(`${name} has no version ${version}`)
}

describe.skipIf(!present)('declared messages and the published definitions', () => {
  for (const api of apis) {
    test(`${api.name} (${api.key}) says the same in every version`, () => {
      const newest = load('kafka-4.4.0', `${api.name}Request`)!
      expect(newest.apiKey).toBe(api.key)
      const lowest = range((load('kafka-3.9.1', `${api.name}Request`) ?? newest).validVersions)[0]
      const highest = range(newest.validVersions)[1] - (newest.latestVersionUnstable ? 1 : 0)
      expect(api.versions).toEqual([Math.min(lowest, range(newest.validVersions)[0]), highest])
      for (let version = api.versions[0]; version <= api.versions[1]; version++) {
        for (const [side, body] of [
          ['Request', api.request],
          ['Response', api.response],
        ] as const) {
          const model = modelFor(api.name + side, version)
          const flexible = version >= api.flexibleSince
          expect(flexible).toBe(holds(model.flexibleVersions, version))
          expect(ourLines(body.fields, version, flexible), `${api.name}${side} ${version}`).toEqual(modelLines(model, version))
        }
      }
    })
  }

  for (const envelope of [consumerProtocolSubscription, consumerProtocolAssignment]) {
    test(`${envelope.name} says the same in every version`, () => {
      const model = load('kafka-4.4.0', envelope.name)!
      expect(envelope.versions).toEqual(range(model.validVersions))
      for (let version = envelope.versions[0]; version <= envelope.versions[1]; version++) {
        expect(ourLines(envelope.value.fields, version, false)).toEqual(modelLines(model, version))
      }
    })
  }

  test('every client API is declared', () => {
    const published = readdirSync(join(models, 'kafka-4.4.0'))
      .filter((file) => file.endsWith('Request.json'))
      .map((file) => load('kafka-4.4.0', file.slice(0, -5))!.apiKey)
    expect(apis.map((api) => api.key).sort((a, b) => a - b)).toEqual(published.sort((a, b) => a! - b!))
  })

  test('the error table has every code, name and retriable flag', () => {
    const rows = readFileSync(join(models, 'kafka-4.4.0/errors.tsv'), 'utf8').trim().split('\n').slice(1)
    expect(allErrors().map(({ code, name, retriable }) => [code, name, retriable].join('\t'))).toEqual(rows.map((row) => row.trim()))
  })
})
