// Runs a scenario with everybody who takes part, in turn: A B A B …, so that a machine that drifts does so for all. Gives rows; does not print them.
import type { Progress } from './progress.ts'
import { absence, type Figures, type Knobs, type Scenario } from './scenario.ts'
import { type ServerKind, startServer, withDirectory } from './servers.ts'
import { warmMemory } from './warm-memory.ts'

/** One line of a table: somebody's runs of a scenario. */
export interface Row {
  scenario: string
  who: string
  durability: string
  runs: Figures[]
  /** Why a run gave nothing. */
  failure?: string
}

export interface Contender {
  readonly who: string
  readonly durability: string
  run(directory: string): Promise<Figures>
}

/** Who takes part: servers that have the door and can do it, then the references. */
export function contendersOf(scenario: Scenario, kinds: readonly ServerKind[], knobs: Knobs): Contender[] {
  const servers = kinds
    .filter((kind) => absence(scenario, kind) === null)
    .map((kind): Contender => {
      const { name: who, durability } = kind
      return { who, durability, run: (directory) => runServer(scenario, kind, knobs, directory) }
    })
  const references = (scenario.references ?? []).map(({ name, run }): Contender => {
    return {
      who: name,
      durability: '',
      run: async (directory) => {
        await warmMemory(directory, knobs)
        return run(knobs, directory)
      },
    }
  })
  return [...servers, ...references]
}

async function runServer(scenario: Scenario, kind: ServerKind, knobs: Knobs, directory: string): Promise<Figures> {
  if (scenario.runStart) return scenario.runStart(kind, knobs, directory)
  if (!scenario.run) throw new Error(`${scenario.name} says nothing about how it runs`)
  const server = await startServer(kind, scenario.door, directory, scenario.settings)
  try {
    // After its start: that takes Kafka seconds.
    await warmMemory(directory, knobs)
    return await scenario.run(server, knobs)
  } finally {
    await server.stop()
  }
}

/** A contender that fails is left alone for the rest; the others go on. */
export async function measure(scenario: Scenario, contenders: readonly Contender[], runs: number, progress: Progress): Promise<Row[]> {
  const rows = contenders.map(({ who, durability }): Row => ({ scenario: scenario.name, who, durability, runs: [] }))
  for (let run = 0; run < runs; run++) {
    for (const [i, contender] of contenders.entries()) {
      const row = rows[i]!
      progress.begin(`${scenario.name}, ${contender.who}`)
      if (row.failure === undefined) {
        try {
          row.runs.push(await withDirectory((directory) => contender.run(directory)))
        } catch (error) {
          row.failure = error instanceof Error ? error.message : String(error)
        }
      }
      progress.finish()
    }
  }
  return rows
}

/** Rows that have a run without figures, or figures that are none. */
export const withoutFigures = (rows: readonly Row[]): Row[] =>
  rows.filter(
    ({ runs, failure }) =>
      failure !== undefined || runs.length === 0 || runs.some((run) => Object.values(run).some((value) => !Number.isFinite(value))),
  )
