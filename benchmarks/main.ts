// `npm run bench -- SCENARIO… [--peer NAME]… [--runs N] [--json FILE] [--smoke]`: the built product and what it is held against, in turn, in one run.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { contendersOf, measure, type Row, withoutFigures } from './compare.ts'
import { describeMachine } from './machine.ts'
import { peers } from './peers.ts'
import { linesOf } from './print.ts'
import { Progress } from './progress.ts'
import { absence, fullKnobs, type Knobs, type Scenario, smokeKnobs } from './scenario.ts'
import { scenarios, scenariosNamed, smokeNames } from './scenarios/index.ts'
import { type ServerKind, twinlog } from './servers.ts'

const families = [...new Set(scenarios.map(({ family }) => family))]

const help = `npm run bench -- SCENARIO… [options]

${scenarios.map(({ name, about }) => `  ${name.padEnd(24)} ${about}`).join('\n')}

  Several at once: all, ${families.join(', ')}

  --peer NAME    also run ${peers.map(({ name }) => name).join(', ')}; repeatable
  --runs N       runs of each, in turn (default 5)
  --megabytes N  what a throughput run moves (default ${fullKnobs.bytes / 1e6})
  --seconds N    how long a run at a rate takes (default ${fullKnobs.seconds})
  --scale X      what counts of partitions, members and idle connections are multiplied with (default 1)
  --json FILE    write every figure; npm run bench:report draws those in benchmarks/results
  --smoke        one short run of ${smokeNames.join(', ')}: do figures come out?

BENCH_DIR is where data goes (default: the system's temporary directory). BENCH_BEFORE is another clone of the project, built: the peer twinlog-before.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '5' },
    megabytes: { type: 'string' },
    seconds: { type: 'string' },
    scale: { type: 'string' },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

function knobsAsked(): Knobs {
  const usual = values.smoke ? smokeKnobs : fullKnobs
  return {
    bytes: values.megabytes === undefined ? usual.bytes : Number(values.megabytes) * 1e6,
    seconds: values.seconds === undefined ? usual.seconds : Number(values.seconds),
    scale: values.scale === undefined ? usual.scale : Number(values.scale),
  }
}

function peerNamed(name: string): ServerKind {
  const kind = peers.find((peer) => peer.name === name)
  if (!kind) throw new Error(`no peer ${name}; there are ${peers.map((peer) => peer.name).join(', ')}`)
  return kind
}

/** The product, and each peer that can be had. */
function obtained(): ServerKind[] {
  return [twinlog, ...values.peer.map(peerNamed)].filter((kind) => {
    const missing = kind.obtain()
    if (missing) console.log(`${kind.name} is left out: ${missing}`)
    return !missing
  })
}

async function runAll(asked: readonly Scenario[]): Promise<Row[]> {
  const kinds = obtained()
  const knobs = knobsAsked()
  const runs = values.smoke ? 1 : Number(values.runs)
  const machine = describeMachine()
  console.log(machine)
  const parts = asked.map((scenario) => ({ scenario, contenders: contendersOf(scenario, kinds, knobs) }))
  const progress = new Progress(runs * parts.reduce((sum, { contenders }) => sum + contenders.length, 0))
  const rows: Row[] = []
  for (const { scenario, contenders } of parts) {
    const measured = await measure(scenario, contenders, runs, progress)
    rows.push(...measured)
    progress.clear()
    const absent = kinds.flatMap((kind) => (absence(scenario, kind) === null ? [] : [`${kind.name} takes no part: ${absence(scenario, kind)}`]))
    console.log(`\n${linesOf(scenario, measured, absent).join('\n')}`)
    // After each, so that a run that is broken off has what it measured.
    if (values.json) writeResults(values.json, { machine, knobs, runs, rows })
  }
  progress.end()
  return rows
}

function writeResults(file: string, results: { machine: string; knobs: Knobs; runs: number; rows: readonly Row[] }): void {
  mkdirSync(dirname(file), { recursive: true })
  const { machine, knobs, runs, rows } = results
  writeFileSync(file, `${JSON.stringify({ machine, at: new Date().toISOString(), knobs, runs, rows }, null, 2)}\n`)
}

async function main(): Promise<void> {
  const names = positionals.length === 0 && values.smoke ? smokeNames : positionals
  const unknown = names.filter((name) => scenariosNamed(name) === null)
  if (values.help || names.length === 0 || unknown.length > 0) {
    console.log(unknown.length > 0 ? `no scenario ${unknown.join(', ')}\n\n${help}` : help)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const rows = await runAll([...new Set(names.flatMap((name) => scenariosNamed(name)!))])
  const empty = withoutFigures(rows)
  if (empty.length === 0) return
  console.log(`\nno figures: ${empty.map(({ scenario, who }) => `${scenario} of ${who}`).join(', ')}`)
  process.exitCode = 1
}

await main()
