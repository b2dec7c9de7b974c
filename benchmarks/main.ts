// `npm run bench -- SCENARIO… [--peer NAME]… [--runs N] [--json FILE] [--smoke]`: the built product and what it is held against, in turn, in one run.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine } from './machine.ts'
import { type Figures, fullKnobs, type Knobs, median, type Scenario, smokeKnobs } from './scenario.ts'
import { consumeScenarios } from './scenarios-consume.ts'
import { latencyScenarios } from './scenarios-latency.ts'
import { produceScenarios } from './scenarios-produce.ts'
import { startScenarios } from './scenarios-start.ts'
import { peers, type ServerKind, twinlog, withDirectory } from './servers.ts'

const scenarios: readonly Scenario[] = [...produceScenarios, ...consumeScenarios, ...startScenarios, ...latencyScenarios]
const smoke = ['produce', 'consume', 'start', 'latency']

const help = `npm run bench -- SCENARIO… [options]

${scenarios.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join('\n')}

  --peer NAME    also run ${peers.map(({ name }) => name).join(', ')}; repeatable
  --runs N       runs of each, in turn (default 5)
  --megabytes N  what a throughput run moves (default ${fullKnobs.bytes / 1e6})
  --json FILE    write every figure
  --smoke        one short run of ${smoke.join(', ')}: do figures come out?`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    runs: { type: 'string', default: '5' },
    megabytes: { type: 'string' },
    json: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** One line of a table: somebody's runs of a scenario. */
interface Row {
  scenario: string
  who: string
  durability: string
  runs: Figures[]
}

type Contender = { who: string; durability: string; run(directory: string): Promise<Figures> }

function contendersOf(scenario: Scenario, kinds: readonly ServerKind[], knobs: Knobs): Contender[] {
  const contenders: Contender[] = kinds.map((kind) => ({
    who: kind.name,
    durability: kind.durability,
    run: (directory) => scenario.startsItself?.(kind, knobs, directory) ?? runServer(scenario, kind, knobs, directory),
  }))
  const { baseline } = scenario
  if (baseline) contenders.push({ who: baseline.name, durability: '', run: (directory) => baseline.run(knobs, directory) })
  return contenders
}

async function runServer(scenario: Scenario, kind: ServerKind, knobs: Knobs, directory: string): Promise<Figures> {
  const server = await kind.start(directory)
  try {
    return await scenario.run(server, knobs)
  } finally {
    await server.stop()
  }
}

/** A B A B …, so that a machine that drifts does so for both. */
async function measure(scenario: Scenario, kinds: readonly ServerKind[], knobs: Knobs, runs: number): Promise<Row[]> {
  const contenders = contendersOf(scenario, scenario.startsItself ? [twinlog] : kinds, knobs)
  const rows = contenders.map(({ who, durability }): Row => ({ scenario: scenario.name, who, durability, runs: [] }))
  for (let run = 0; run < runs; run++) {
    for (const [i, contender] of contenders.entries()) {
      progress(`${scenario.name}: run ${run + 1} of ${runs}, ${contender.who}`)
      rows[i]!.runs.push(await withDirectory(contender.run))
    }
  }
  progress('')
  return rows
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(2))
const figureOf = (row: Row, figure: string): number[] => row.runs.flatMap((run) => (figure in run ? [run[figure]!] : []))

function print(scenario: Scenario, rows: readonly Row[]): void {
  console.log(`\n${scenario.name}: ${scenario.about}`)
  for (const row of rows) {
    const cells = Object.keys(row.runs[0] ?? {}).map((figure) => {
      const values = figureOf(row, figure)
      const spread = values.length > 1 ? ` (${shown(Math.min(...values))}-${shown(Math.max(...values))})` : ''
      return `${figure} ${shown(median(values))}${spread}`
    })
    console.log(`  ${row.who.padEnd(13)} ${row.durability.padEnd(11)} ${cells.join('   ')}`)
  }
  const [ours, ...others] = rows
  const { figure, more } = scenario.headline
  for (const other of others) {
    // Run by run: both saw the same moment of the machine.
    const ratios = figureOf(ours!, figure).map((value, i) => value / (figureOf(other, figure)[i] ?? Number.NaN))
    const difference = median(figureOf(ours!, figure)) - median(figureOf(other, figure))
    const extra = more === 'worse' ? `, ${shown(difference)} more` : ''
    console.log(`  twinlog / ${other.who}: ${median(ratios).toFixed(2)} ${figure}${extra}${more === 'worse' ? ' (less is better)' : ''}`)
  }
}

async function main(): Promise<void> {
  const names = values.smoke ? smoke : positionals
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (values.help || names.length === 0 || unknown.length > 0) {
    console.log(unknown.length > 0 ? `no scenario ${unknown.join(', ')}\n\n${help}` : help)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const kinds = [twinlog, ...values.peer.map(peerNamed)].filter((kind) => {
    const missing = kind.missing()
    if (missing) console.log(`${kind.name} is left out: ${missing}`)
    return !missing
  })
  const knobs = values.smoke ? smokeKnobs : { ...fullKnobs, ...(values.megabytes ? { bytes: Number(values.megabytes) * 1e6 } : {}) }
  const machine = describeMachine()
  console.log(machine)
  const rows: Row[] = []
  for (const name of names) {
    const scenario = scenarios.find((one) => one.name === name)!
    const measured = await measure(scenario, kinds, knobs, values.smoke ? 1 : Number(values.runs))
    print(scenario, measured)
    rows.push(...measured)
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ machine, at: new Date().toISOString(), rows }, null, 2)}\n`)
  const empty = rows.filter(({ runs }) => runs.some((run) => Object.values(run).some((value) => !Number.isFinite(value))))
  if (empty.length > 0) {
    console.log(`no figures: ${empty.map(({ scenario, who }) => `${scenario} of ${who}`).join(', ')}`)
    process.exitCode = 1
  }
}

function peerNamed(name: string): ServerKind {
  const kind = peers.find((peer) => peer.name === name)
  if (!kind) throw new Error(`no peer ${name}; there are ${peers.map((peer) => peer.name).join(', ')}`)
  return kind
}

await main()
