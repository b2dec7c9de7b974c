// Stored results as the README's table and as charts. Reads and writes no files; report.ts does.
import { barChart, type Group } from './chart.ts'
import type { Row } from './compare.ts'
import { median, shown } from './figures.ts'
import type { Scenario } from './scenario.ts'

/** A file of `--json`. */
export interface Results {
  readonly machine: string
  readonly at: string
  readonly runs: number
  readonly knobs: { readonly bytes: number; readonly seconds: number; readonly scale: number }
  readonly rows: readonly Row[]
}

export type Headlines = readonly Pick<Scenario, 'name' | 'about' | 'headline'>[]

const medianOf = (row: Row, figure: string): number => median(row.runs.flatMap((run) => (figure in run ? [run[figure]!] : [])))
const nameOf = ({ who, durability }: Row): string => (durability === '' ? who : `${who} (${durability})`)
const toldAs = ({ headline }: Headlines[number]): string => (headline.more === 'worse' ? `${headline.figure} (less is better)` : headline.figure)
const cellOf = (text: string): string => text.replaceAll('|', '\\|')

/** Figures that stand in the last column: what it cost, and the latencies that people ask for. */
const alsoTold = /^CPU |^(resident|anonymous) MB|p50 ms$|p99 ms$/

/**
 * One line for each scenario: our figure, the others' with the ratio of ours to theirs, and what it cost each server. Scenarios that are not known any more are left
 * out.
 */
export function markdownTable(results: Results, scenarios: Headlines): string {
  const { bytes, seconds, scale } = results.knobs
  const size = `${shown(bytes / 1e6)} MB or ${shown(seconds)} s a run${scale === 1 ? '' : `, counts times ${scale}`}`
  const lines = grouped(results, scenarios).map(({ scenario, rows }) => {
    const [ours, ...others] = rows
    const { figure } = scenario.headline
    const own = medianOf(ours!, figure)
    const beside = others.map((row) => {
      const theirs = medianOf(row, figure)
      return `${nameOf(row)} ${shown(theirs)} (×${shown(own / theirs)})`
    })
    const cells = [`\`${scenario.name}\``, scenario.about, toldAs(scenario), shown(own), beside.join('; '), alsoOf(figure, rows).join('; ')]
    return `| ${cells.map(cellOf).join(' | ')} |`
  })
  return [
    `${results.machine}, ${results.at.slice(0, 10)}; medians of ${results.runs}, ${size}; client and server share the machine. (×n): ours by theirs.`,
    '',
    '| scenario | what | figure | twinlog | beside it | and |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** What somebody wants to know first: one line for each of the scenarios that are named, from whichever file has it; servers only. */
export function glance(files: readonly Results[], scenarios: Headlines, names: readonly string[]): string {
  const lines = names.flatMap((name) => {
    const found = files.flatMap((file) => grouped(file, scenarios)).find(({ scenario }) => scenario.name === name)
    if (!found) return []
    const { figure } = found.scenario.headline
    const shownOf = (row: Row): string => `${shown(medianOf(row, figure))}${row.who === 'twinlog' ? '' : ` ${nameOf(row)}`}`
    const [ours, ...others] = found.rows.filter(({ durability }) => durability !== '').map(shownOf)
    const cells = [`\`${name}\``, found.scenario.about, toldAs(found.scenario), `**${ours}**`, others.join('<br>')]
    return [`| ${cells.map(cellOf).join(' | ')} |`]
  })
  return ['| scenario | what | figure | twinlog (synced) | beside it |', '| --- | --- | --- | --- | --- |', ...lines].join('\n')
}

/** `CPU s/GB 1.50 (kafka 4.10)` for each such figure that we have besides the headline's; references are no servers and have no place here. */
function alsoOf(headline: string, rows: readonly Row[]): string[] {
  const [ours, ...servers] = rows.filter(({ durability }) => durability !== '')
  const figures = Object.keys(ours?.runs[0] ?? {}).filter((figure) => figure !== headline && alsoTold.test(figure))
  return figures.map((figure) => {
    const theirs = servers.map((row) => `${row.who} ${shown(medianOf(row, figure))}`)
    return `${figure} ${shown(medianOf(ours!, figure))}${theirs.length > 0 ? ` (${theirs.join(', ')})` : ''}`
  })
}

/** A file's chart and table as a part of the README that opens when somebody asks for it. */
export function section(title: string, chart: string, table: string): string {
  return `<details><summary>${title}</summary>\n\n![${title}](${chart})\n\n${table}\n\n</details>`
}

/** One chart of all scenarios of a file that have somebody to compare with. */
export function chartOf(title: string, results: Results, scenarios: Headlines): string {
  const groups = grouped(results, scenarios).map(({ scenario, rows }): Group => {
    const { figure, more } = scenario.headline
    const bars = rows.map((row) => ({ label: row.who, value: medianOf(row, figure), text: shown(medianOf(row, figure)) }))
    return { title: `${scenario.name}: ${figure}${more === 'worse' ? ' (less is better)' : ''}`, bars }
  })
  return barChart(title, groups)
}

/** Rows that have the figure, by scenario, in the order of the file; ours first, as they were measured. */
function grouped(results: Results, scenarios: Headlines): { scenario: Headlines[number]; rows: Row[] }[] {
  return [...new Set(results.rows.map(({ scenario }) => scenario))].flatMap((name) => {
    const scenario = scenarios.find((one) => one.name === name)
    if (!scenario) return []
    const rows = results.rows.filter((row) => row.scenario === name && Number.isFinite(medianOf(row, scenario.headline.figure)))
    return rows.length > 0 ? [{ scenario, rows }] : []
  })
}

export const marker = { open: '<!-- bench: filled by npm run bench:report -->', close: '<!-- /bench -->' }

/** The text with what lies between the markers replaced. */
export function filled(text: string, content: string): string {
  const [start, end] = [text.indexOf(marker.open), text.indexOf(marker.close)]
  if (start < 0 || end < start) throw new Error(`there is no ${marker.open} … ${marker.close}`)
  return `${text.slice(0, start + marker.open.length)}\n${content}\n${text.slice(end)}`
}
