// Rows as text for a terminal: the median of each figure with its spread, then how the product compares, run by run.
import type { Row } from './compare.ts'
import { median, shown } from './figures.ts'
import type { Scenario } from './scenario.ts'

const figureOf = (row: Row, figure: string): number[] => row.runs.flatMap((run) => (figure in run ? [run[figure]!] : []))

export function linesOf({ name, about, headline }: Scenario, rows: readonly Row[], absent: readonly string[]): string[] {
  const lines = [`${name}: ${about}`, ...rows.map(lineOf)]
  const [ours, ...others] = rows
  for (const other of others) {
    const comparison = ours ? compared(ours, other, headline) : null
    if (comparison) lines.push(`  ${comparison}`)
  }
  return [...lines, ...absent.map((who) => `  ${who}`)]
}

function lineOf(row: Row): string {
  const cells = Object.keys(row.runs[0] ?? {}).map((figure) => {
    const values = figureOf(row, figure)
    const spread = values.length > 1 ? ` (${shown(Math.min(...values))}-${shown(Math.max(...values))})` : ''
    return `${figure} ${shown(median(values))}${spread}`
  })
  if (row.failure !== undefined) cells.push(`failed: ${row.failure}`)
  return `  ${row.who.padEnd(14)} ${row.durability.padEnd(11)} ${cells.join('   ')}`
}

/** `twinlog / kafka: 1.42 MB/s`; null where one of them has no such figure. */
function compared(ours: Row, other: Row, { figure, more }: Scenario['headline']): string | null {
  // Run by run: both saw the same moment of the machine.
  const theirs = figureOf(other, figure)
  const own = figureOf(ours, figure).slice(0, theirs.length)
  if (own.length === 0 || theirs.length === 0) return null
  const ratio = median(own.map((value, i) => value / theirs[i]!))
  const difference = more === 'worse' ? `, ${shown(median(own) - median(theirs))} more (less is better)` : ''
  return `${ours.who} / ${other.who}: ${ratio.toFixed(2)} ${figure}${difference}`
}
