// `npm run bench:report`: draws each benchmarks/results/NAME.json as NAME.svg beside it, and fills the README's tables from them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scenarios } from './scenarios/index.ts'
import { root } from './servers.ts'
import { chartOf, filled, glance, markdownTable, type Results, section } from './table.ts'

const folder = join(root, 'benchmarks/results')
const readme = join(root, 'README.md')

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort()
  : []

/** The lines that stand above all the others. */
const first = [
  'produce',
  'produce-4',
  'produce-small',
  'produce-random-keys',
  'consume',
  'latency',
  'latency-20mb',
  'transactions-10',
  'groups-rebalance-100',
  'start',
  'silence',
  'kinesis-put-records-4',
  'kinesis-fan-out',
]

const files = names.map((name) => ({ name, results: JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Results }))
const parts = files.map(({ name, results }) => {
  writeFileSync(join(folder, `${name}.svg`), chartOf(name, results, scenarios))
  return section(name, `benchmarks/results/${name}.svg`, markdownTable(results, scenarios))
})

if (parts.length === 0) {
  console.log('nothing in benchmarks/results: npm run bench -- SCENARIO… --json benchmarks/results/NAME.json')
  process.exitCode = 1
} else {
  writeFileSync(
    readme,
    filled(
      readFileSync(readme, 'utf8'),
      [
        glance(
          files.map(({ results }) => results),
          scenarios,
          first,
        ),
        ...parts,
      ].join('\n\n'),
    ),
  )
  console.log(`README.md and ${names.map((name) => `${name}.svg`).join(', ')} are written`)
}
