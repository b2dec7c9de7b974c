// The rules that keep the design: who may import whom, what is pure, how long a file may be.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const linesMax = 400

interface Source {
  /** From the root, with forward slashes. */
  path: string
  text: string
  /** Imported files from the root, or package names. */
  imports: string[]
}

function sourcesBelow(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, 'utf8')
      const imports = [
        ...text.matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"\n]*?(?:from\s*)?['"]([^'"]+)['"]|\}\s*from\s*'([^']+)'|\bimport\(\s*'([^']+)'/g),
      ]
        .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
        .filter((to) => !to.startsWith('.') || /\.(ts|mjs|json)$/.test(to))
        .map((to) =>
          to.startsWith('.')
            ? relative(root, resolve(dirname(file), to))
                .split(sep)
                .join(posix.sep)
            : to,
        )
      return { path: relative(root, file).split(sep).join(posix.sep), text, imports }
    })
}

const product = ['protocol', 'storage', 'src'].flatMap(sourcesBelow)
const everything = [...product, ...['test', 'benchmarks'].flatMap(sourcesBelow)]

/** Files that every layer may use: time, chance, bounds, settings, counters, the logger's shape. */
const foundation = new Set(
  (JSON.parse(readFileSync(join(root, 'src/tsconfig.foundation.json'), 'utf8')) as { files: string[] }).files.map((file) => `src/${file}`),
)
const inFoundation = (path: string): boolean => foundation.has(path) || path.startsWith('src/settings/')

/** For each layer, the folders (or files) of ours that it may import besides itself. */
const mayImport: Record<string, string[]> = {
  'protocol/': [],
  'storage/': [],
  'src/engine/': ['storage/', 'protocol/records/'],
  'src/coordinators/': ['protocol/', 'storage/log.ts', 'storage/tables.ts', 'storage/store.ts'],
  'src/auth/': ['protocol/'],
  'src/kafka/': ['protocol/', 'src/engine/', 'src/coordinators/', 'src/auth/'],
  // Queues are share groups seen through the AWS door: one core hands out records one by one for both.
  'src/kinesis/': ['src/engine/', 'src/coordinators/share/', 'protocol/records/', 'src/auth/', 'storage/tables.ts'],
}

const layerOf = (path: string): string | undefined => Object.keys(mayImport).find((layer) => path.startsWith(layer))

test('every layer imports only what lies below it', () => {
  const faults: string[] = []
  for (const { path, imports } of product) {
    const layer = layerOf(path)
    if (!layer) continue
    for (const to of imports) {
      if (!/^(protocol|storage|src|test|benchmarks)\//.test(to)) continue
      const usesFoundation = inFoundation(to) && layer !== 'protocol/' && layer !== 'storage/'
      if (to.startsWith(layer) || usesFoundation || mayImport[layer]!.some((allowed) => to.startsWith(allowed))) continue
      faults.push(`${path} imports ${to}: ${layer} may use ${mayImport[layer]!.join(', ') || 'nothing of ours'}`)
    }
  }
  expect(faults).toEqual([])
})

test('foundation files import nothing of ours but each other', () => {
  const faults = product
    .filter(({ path }) => inFoundation(path))
    .flatMap(({ path, imports }) =>
      imports.filter((to) => /^(protocol|storage|src)\//.test(to) && !inFoundation(to)).map((to) => `${path} imports ${to}`),
    )
  expect(faults).toEqual([])
})

test('nothing of the product imports tests or benchmarks', () => {
  const faults = product.flatMap(({ path, imports }) => imports.filter((to) => /^(test|benchmarks)\//.test(to)).map((to) => `${path} imports ${to}`))
  expect(faults).toEqual([])
})

/** Files where the outside world is the job: native libraries, timers of the coordinator runtime. */
const impure = [/^protocol\/records\/(compression|crc32c|codec|zstd|snappy|lz4)[^/]*\.ts$/, /^src\/coordinators\/runtime\.ts$/]
const isPure = (path: string): boolean =>
  (/^(protocol|src\/coordinators)\//.test(path) ||
    /^storage\/(segments|retention|compaction)\.ts$/.test(path) ||
    /^src\/engine\/(shards|producer-state)\.ts$/.test(path)) &&
  !impure.some((pattern) => pattern.test(path))

test('protocol, planners and coordinators touch no clock, no chance and no node modules', () => {
  const faults: string[] = []
  for (const { path, text, imports } of product.filter((source) => isPure(source.path))) {
    for (const to of imports) if (to.startsWith('node:')) faults.push(`${path} imports ${to}`)
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    for (const word of [/\bDate\b/, /\bMath\.random\b/, /\bset(Timeout|Interval|Immediate)\b/, /\bperformance\.now\b/, /\bprocess\./]) {
      if (word.test(code)) faults.push(`${path} uses ${word.source}`)
    }
  }
  expect(faults).toEqual([])
})

test(`no file is longer than ${linesMax} lines`, () => {
  const long = everything
    .filter(({ text }) => text.split('\n').length - 1 > linesMax)
    .map(({ path, text }) => `${path}: ${text.split('\n').length - 1}`)
  expect(long).toEqual([])
})

test('every file says first what it is', () => {
  const silent = product.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text)).map(({ path }) => path)
  expect(silent).toEqual([])
})
