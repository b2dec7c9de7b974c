// Reads wire vectors: test/golden/<api>/<origin>.txt. Each file begins with its origin, each case with its direction, version and a name.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defaultOf, type Field, type Fields, inVersion } from '../../protocol/schema.ts'

export interface GoldenCase {
  /** The encoder that wrote the bytes: the file's name. */
  readonly origin: string
  readonly direction: 'request' | 'response' | 'value'
  readonly version: number
  readonly name: string
  readonly json: Record<string, unknown>
  readonly bytes: Buffer
}

const root = resolve(import.meta.dirname, '../golden')

/** Kafka's name as the folder spells it. */
export const folderOf = (apiName: string): string => apiName.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()

export function goldenFolders(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

export function goldenCases(folder: string): GoldenCase[] {
  return readdirSync(join(root, folder)).flatMap((file) => {
    const [head, ...blocks] = readFileSync(join(root, folder, file), 'utf8')
      .trim()
      .split('\n\n')
    if (!head?.startsWith('# Origin: ')) throw new Error(`${folder}/${file} does not say where it is from`)
    return blocks.map((block) => {
      const fields = /^case (request|response|value) (\d+) (.+)\njson (.+)\nhex ?([0-9a-f]*)$/.exec(block)
      if (!fields) throw new Error(`${folder}/${file}: not a case: ${block.slice(0, 60)}`)
      const [, direction, version, name, json, hex] = fields as unknown as [string, GoldenCase['direction'], string, string, string, string]
      return { origin: file.replace('.txt', ''), direction, version: Number(version), name, json: JSON.parse(json), bytes: Buffer.from(hex, 'hex') }
    })
  })
}

/** What decoding should give for a vector's JSON: bytes instead of base64, and the defaults of fields that the version lacks. */
export function valueOfJson(fields: Fields, json: Record<string, unknown>, version: number, flexible: boolean): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  const unknown = new Set(Object.keys(json))
  for (const [name, field] of Object.entries(fields)) {
    const { present } = inVersion(field, version, flexible)
    if (present && !unknown.delete(name)) throw new Error(`the vector lacks ${name}`)
    value[name] = present ? ofField(field, json[name], version, flexible) : defaultOf(field)
  }
  if (unknown.size > 0) throw new Error(`not declared: ${[...unknown]}`)
  return value
}

function ofField(field: Field, json: unknown, version: number, flexible: boolean): unknown {
  if (json === null) return null
  if (field.kind === 'bytes' || field.kind === 'records') return Buffer.from(json as string, 'base64')
  if (field.kind === 'struct') return valueOfJson(field.fields!, json as Record<string, unknown>, version, flexible)
  if (field.kind === 'array') return (json as unknown[]).map((element) => ofField(field.element!, element, version, flexible))
  return json
}
